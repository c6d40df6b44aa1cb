"""A programme somewhere else: over several workers, over several relays."""
