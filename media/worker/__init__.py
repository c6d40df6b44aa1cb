"""One worker process: the packet loop and what it serves."""
