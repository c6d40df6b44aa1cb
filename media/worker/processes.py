"""What a process has used so far, as proc(5) tells it."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_PAGE_SIZE: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Usage:
    """`cpu_s`: user and system together."""

    cpu_s: float = 0.0
    rss_bytes: int = 0


def usage(pid: int) -> Usage:
    """Nothing of a process that is gone."""
    try:
        # After the command's name, which may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return Usage()
    return Usage((int(fields[11]) + int(fields[12])) / _TICKS_PER_S, int(fields[21]) * _PAGE_SIZE)
