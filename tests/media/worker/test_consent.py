"""Where a peer's media goes while its line changes, and what lets us send on: a worker by a clock of ours."""

import itertools
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from media.programme.parties import Viewer
from media.transport import kernel, srtp, stun
from media.transport.dtls import Agreed
from media.transport.peer import DESERTED_AFTER_S, SILENCE_LIMIT_S, Peer
from media.wire import rtcp, rtp
from media.worker.worker import Worker
from tests.media.site import DELTA

MASTER = bytes(range(28))
OURS = b"n" * 22  # the peer's own password
FIRST_LINE, SECOND_LINE, NOBODY = range(3)


@dataclass
class Line:
    """One way from a peer to the relay."""

    worker: Worker
    sock: socket.socket = field(default_factory=lambda: kernel.open_port("127.0.0.1", 0))

    def __post_init__(self) -> None:
        self.inbox = kernel.Inbox(self.sock)

    @property
    def address(self) -> kernel.Address:
        return kernel.raw_address(*self.sock.getsockname())

    def send(self, datagram: bytes) -> None:
        self.worker.parts.port.take(datagram, self.address, self.worker.now)

    def came(self) -> list[bytes]:
        """What the relay has sent here."""
        self.worker.parts.port.outbox.flush()
        batches = iter(lambda: [datagram for datagram, _ in self.inbox.receive()], [])
        return [datagram for batch in batches for datagram in batch]

    def asked(self) -> list[stun.Request]:
        """The relay's own checks."""
        messages = [stun.parse(datagram) for datagram in self.came() if stun.is_stun(datagram)]
        return [message for message in messages if message.kind == stun.BINDING_REQUEST]


class Party:
    """A peer with keys and three lines, the first of which was nominated."""

    def __init__(self, worker: Worker, *, publish: bool, peer: str = "p") -> None:
        self.worker = worker
        common: dict[str, Any] = {
            "session": os.urandom(4).hex(), "studio": "s", "peer": peer, "fingerprint": ["sha-256", "AB"],
            "ice": ("theirs", OURS.decode()),
        }  # fmt: skip
        if publish:
            worker.parts.roster.publish(**common, codecs={"96": "VP8"})
        else:
            worker.parts.roster.watch(
                **common, programme="main", types={"VP8": 96}, repairs={}, send_time_id=0, video=True, audio=1
            )
        self.peer: Peer = worker.parts.roster._sessions[common["session"]]
        self.lines = [Line(worker) for _ in range(3)]
        self.sender = srtp.sender(srtp.GCM, MASTER)
        self.numbers = itertools.count(1)
        self.check(FIRST_LINE, nominate=True)
        worker.newcomers.agreed(self.peer, Agreed(self.peer.number, srtp.Keys(srtp.GCM, MASTER, MASTER), ()))

    def check(self, line: int, *, nominate: bool = False) -> None:
        name = f"{self.peer.ufrag}:theirs"
        self.lines[line].send(stun.request(os.urandom(12), name, self.peer.password, nominate=nominate))

    def media(self, line: int) -> None:
        """SRTP of a publisher; a viewer has but SRTCP."""
        if isinstance(self.peer, Viewer):
            self.report(line)
            return
        number = next(self.numbers)
        clear = rtp.build(rtp.Packet(96, True, number, 3000 * number, 5, DELTA))
        self.lines[line].send(self.sender.protect(clear[:12], clear[12:], 0))

    def report(self, line: int) -> None:
        """SRTCP."""
        clear = rtcp.receiver_report(rtcp.ReceiverReport(9))
        self.lines[line].send(self.sender.protect_rtcp(clear, next(self.numbers)))

    def answer(self, line: int, asked: stun.Request) -> None:
        assert stun.proves(asked, OURS)
        self.lines[line].send(stun.response(asked, self.lines[line].address, OURS))

    def is_at(self, line: int) -> bool:
        """Whether all that is sent to it goes there."""
        seat = self.peer.seat if isinstance(self.peer, Viewer) else None
        return {self.peer.address, seat.address if seat else self.peer.address} == {self.lines[line].address}

    def close(self) -> None:
        for line in self.lines:
            line.sock.close()


Say = Callable[[Party, int], None]


@pytest.fixture(params=["publisher", "viewer"])
def party(worker: Worker, request: pytest.FixtureRequest) -> Iterator[Party]:
    made = Party(worker, publish=request.param == "publisher")
    yield made
    made.close()


def wait(worker: Worker, seconds: float) -> None:
    worker.now += seconds
    worker.parts.roster.now = worker.now


def is_here(worker: Worker, peer: Peer) -> bool:
    """After what is due each second."""
    assert not any(worker.chores.report(worker.now, 1.0))  # it is done in parts
    return peer.number in worker.parts.roster.peers


def test_who_is_heard_elsewhere_only_is_asked_there_and_followed(worker: Worker, party: Party) -> None:
    """A NAT gives the peer another address, and its checks nominate nothing any more, as aioice's do not."""
    wait(worker, DESERTED_AFTER_S)
    party.check(SECOND_LINE)
    party.media(SECOND_LINE)
    assert not party.lines[SECOND_LINE].asked()  # a pause may end
    wait(worker, 0.1)
    party.check(SECOND_LINE)
    (asked,) = party.lines[SECOND_LINE].asked()
    assert asked.controlled
    assert party.is_at(FIRST_LINE)
    party.answer(SECOND_LINE, asked)
    assert party.is_at(SECOND_LINE)
    wait(worker, SILENCE_LIMIT_S - 1)
    party.check(SECOND_LINE)
    wait(worker, SILENCE_LIMIT_S - 1)
    assert is_here(worker, party.peer)


def test_media_from_elsewhere_is_enough_to_be_asked(worker: Worker, party: Party) -> None:
    party.check(SECOND_LINE)
    wait(worker, DESERTED_AFTER_S + 0.1)
    party.lines[SECOND_LINE].send(b"\x80\x60" + os.urandom(40))  # not the peer's
    assert not party.lines[SECOND_LINE].asked()
    party.media(SECOND_LINE)
    (asked,) = party.lines[SECOND_LINE].asked()
    party.answer(SECOND_LINE, asked)
    assert party.is_at(SECOND_LINE)


def test_an_answer_may_take_long_and_questions_may_be_lost(worker: Worker, party: Party) -> None:
    party.check(SECOND_LINE)
    wait(worker, DESERTED_AFTER_S)
    first, count = None, 0
    for _ in range(200):  # two seconds of a picture's packets, before the first answer is there
        wait(worker, 0.01)
        party.media(SECOND_LINE)
        asked = party.lines[SECOND_LINE].asked()
        count += len(asked)
        first = first or next(iter(asked), None)
    assert 1 < count <= 41  # twenty a second
    assert first is not None
    party.answer(SECOND_LINE, first)
    assert party.is_at(SECOND_LINE)


def test_a_line_that_is_heard_again_is_kept(worker: Worker, party: Party) -> None:
    party.check(SECOND_LINE)
    wait(worker, DESERTED_AFTER_S + 0.1)
    party.media(SECOND_LINE)
    (asked,) = party.lines[SECOND_LINE].asked()
    party.media(FIRST_LINE)
    party.answer(SECOND_LINE, asked)
    party.check(SECOND_LINE)
    assert party.is_at(FIRST_LINE)
    assert not party.lines[SECOND_LINE].asked()


def test_nobody_is_sent_media_who_never_answered(worker: Worker, party: Party) -> None:
    """The holder of a token may put any sender's address on what it sends: it costs that one a few checks."""
    spoofed = 0
    for second in range(2 * int(SILENCE_LIMIT_S)):
        wait(worker, 1)
        if second % 9 == 0:
            party.check(FIRST_LINE)
        for _ in range(3):
            party.check(NOBODY)
            party.media(NOBODY)
            spoofed += 2
        guess = stun.parse(stun.request(os.urandom(12), "x:y", b"x"))
        party.lines[NOBODY].send(stun.response(guess, party.lines[NOBODY].address, OURS))
        assert is_here(worker, party.peer)
        assert party.is_at(FIRST_LINE)
    came = party.lines[NOBODY].came()
    assert came
    assert all(stun.is_stun(datagram) for datagram in came)
    assert len(came) <= spoofed


@pytest.mark.parametrize("say", [Party.check, Party.media, Party.report])
def test_what_comes_from_where_we_send_is_consent(worker: Worker, party: Party, say: Say) -> None:
    """RFC 7675: a check, SRTP or SRTCP, each by itself, and only from there."""
    party.check(NOBODY)
    for _ in range(3):
        wait(worker, SILENCE_LIMIT_S - 0.1)
        assert is_here(worker, party.peer)
        say(party, FIRST_LINE)
    wait(worker, SILENCE_LIMIT_S - 0.1)
    say(party, NOBODY)
    party.lines[FIRST_LINE].send(b"\x80\x60" + os.urandom(40))  # from there, but not the peer's
    assert is_here(worker, party.peer)
    wait(worker, 0.2)
    assert not is_here(worker, party.peer)
