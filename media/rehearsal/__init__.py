"""Many virtual bridges before the session does it, and faults on purpose."""
