"""How many files and sockets this process may hold. Who needs how many is said by those who do."""

import contextlib
import resource
from typing import Final

ENOUGH: Final = 1 << 16


def ask_for_all() -> int:
    """Raise the soft limit to the hard one, up to what is ever of use; how many may be held now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)
    if 0 <= soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return wanted
    return ENOUGH if soft == resource.RLIM_INFINITY else soft
