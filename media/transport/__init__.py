"""Sockets, keys and associations: how a datagram comes and goes, and whose it is."""
