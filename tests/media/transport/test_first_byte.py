"""What a datagram is, is told by its first byte (RFC 7983, 7)."""

from collections.abc import Iterator
from dataclasses import asdict

import pytest

from media.transport import kernel
from media.transport.peer import Peer
from media.transport.port import Handlers, Port
from media.wire.fingerprint import Fingerprint

KNOWN, STRANGE = kernel.raw_address("192.0.2.1", 9), kernel.raw_address("192.0.2.2", 9)
FULL_INTRA_REQUEST = 192  # the lowest packet type of RTCP on a shared port (RFC 5761, 4), as 223 is the highest


@pytest.fixture
def seen() -> list[str]:
    return []


@pytest.fixture
def port(seen: list[str]) -> Iterator[Port]:
    handlers = Handlers(
        lambda *_: seen.append("dtls"),
        lambda *_: seen.append("rtp"),
        lambda *_: seen.append("rtcp"),
        lambda _: None,
    )
    with kernel.open_port("127.0.0.1", 0) as sock:
        port = Port(sock, handlers)
        port._by_address[KNOWN] = Peer(
            number=1, session="s", studio="s", name="p", fingerprint=Fingerprint("", ""), now=0.0, since=0.0
        )
        yield port


def counted(port: Port, first: int, source: kernel.Address, second: int = 96) -> set[str]:
    before = asdict(port.counts)
    port.take(bytes([first, second]) + bytes(40), source, 1.0)
    return {kind for kind, count in asdict(port.counts).items() if count != before[kind]}


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (0, "stun"), (3, "stun"), (4, "unknown"), (19, "unknown"), (20, "dtls"), (63, "dtls"), (64, "unknown"),
        (127, "unknown"), (128, "rtp"), (191, "rtp"), (192, "unknown"), (255, "unknown"),
    ],
)  # fmt: skip
def test_each_range_ends_where_the_next_begins(port: Port, seen: list[str], first: int, kind: str) -> None:
    # These bytes are no check: they are read as one, and found malformed.
    assert counted(port, first, KNOWN) == ({"stun", "malformed"} if kind == "stun" else {kind})
    assert seen == ([kind] if kind in ("dtls", "rtp") else [])


def test_strangers_are_heard_as_far_as_checks_only(port: Port, seen: list[str]) -> None:
    for first in range(4, 256):
        assert counted(port, first, STRANGE) == {"unknown"}
    assert not seen


@pytest.mark.parametrize(
    ("second", "kind"), [(127, "rtp"), (191, "rtp"), (FULL_INTRA_REQUEST, "rtcp"), (223, "rtcp"), (224, "rtp")]
)
def test_rtcp_is_told_from_rtp_by_the_second(port: Port, seen: list[str], second: int, kind: str) -> None:
    assert counted(port, 128, KNOWN, second) == {kind}
    assert seen == [kind]


def test_an_empty_datagram_is_nothing(port: Port, seen: list[str]) -> None:
    port.take(b"", KNOWN, 1.0)
    assert (port.counts.unknown, seen) == (1, [])
