"""A certificate's digest as SDP writes it (RFC 8122)."""

from dataclasses import dataclass
from typing import Final

ALGORITHMS: Final = ("sha-256", "sha-384", "sha-512")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A certificate's digest as SDP writes it: `sha-256`, `AB:CD:…`."""

    algorithm: str
    value: str


def known_algorithm(name: str) -> bool:
    return name in ALGORITHMS
