"""The calling side of one association, without input or output: a full ICE agent and DTLS client towards an
ICE-lite relay, as rehearsals' bridges and a relay that pulls from another one need it.

The owner carries the SDP, sends what is put and hands in what comes; time is an argument (Unit: s).
"""

import contextlib
import os
import re
import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from OpenSSL import SSL

from media.transport import srtp, stun
from media.transport.dtls import Handshake, Identity, Refused
from media.transport.kernel import raw_address
from media.wire.fingerprint import Fingerprint

CHECK_AGAIN_S: Final = 0.25
MAX_HOSTS: Final = 8
_REMEMBERED_CHECKS: Final = 16
_CANDIDATE: Final = re.compile(r"^a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host", re.IGNORECASE | re.MULTILINE)

Host = tuple[str, int]


class State(StrEnum):
    NEW = "new"
    CHECKING = "checking"
    SHAKING = "shaking hands"
    READY = "ready"
    FAILED = "failed"


class Caller(Handshake):
    """The active side of DTLS."""

    def __init__(
        self, identity: Identity, expected: Fingerprint, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(identity, expected, clock)
        self._ssl.set_connect_state()

    def begin(self) -> None:
        with contextlib.suppress(SSL.WantReadError):
            self._ssl.do_handshake()


@dataclass(frozen=True, slots=True)
class Stream:
    """One section that the relay sends; SSRCs of 0 are not there."""

    kind: str
    ssrc: int
    repair_ssrc: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a relay's answer says of its end."""

    ufrag: str
    password: bytes
    fingerprint: Fingerprint
    hosts: tuple[Host, ...]
    streams: tuple[Stream, ...]  # in the order of the sections that it took


def read_answer(text: str) -> Answer:
    """Raises: ValueError for an answer that cannot be used."""
    sections = re.split(r"^m=", text, flags=re.MULTILINE)[1:]
    live = [s for s in sections if len(s.split(" ", 2)) == 3 and s.split(" ", 2)[1] != "0"]
    if not live:
        raise ValueError("the relay took nothing of the offer")
    algorithm, _, value = attribute(live[0], "fingerprint").partition(" ")
    hosts = tuple((host, int(port)) for host, port in _CANDIDATE.findall(live[0])[:MAX_HOSTS] if int(port) < 65536)
    if not hosts:
        raise ValueError("the answer has no address")
    return Answer(
        attribute(live[0], "ice-ufrag"),
        attribute(live[0], "ice-pwd").encode(),
        Fingerprint(algorithm.lower(), value.strip().upper()),
        hosts,
        tuple(_stream(section) for section in live),
    )


def _stream(section: str) -> Stream:
    ssrcs = [int(found) for found in re.findall(r"^a=ssrc:(\d{1,10}) cname", section, re.MULTILINE)]
    pair = re.search(r"^a=ssrc-group:FID (\d{1,10}) (\d{1,10})", section, re.MULTILINE)
    return Stream(section.split(" ", 1)[0], ssrcs[0] if ssrcs else 0, int(pair[2]) if pair else 0)


def attribute(section: str, name: str) -> str:
    """Raises: ValueError when it is not there."""
    found = re.search(rf"^a={name}:(.*?)\r?$", section, re.MULTILINE)
    if found is None:
        raise ValueError(f"the answer has no {name}")
    return found[1]


class Call:
    """From the answer to the keys, and the checks after that. `put` sends a datagram to a host.

    `host` is where the relay answered from; `proved_at` when it last did, which is also its consent (RFC 7675).
    """

    def __init__(self, identity: Identity, put: Callable[[bytes, Host], None], limit_s: float) -> None:
        self._identity = identity
        self._put = put
        self._limit_s = limit_s
        self._answer: Answer | None = None
        self._shake: Caller | None = None
        self._asked: deque[tuple[bytes, Host]] = deque(maxlen=_REMEMBERED_CHECKS)
        self._due_at: float | None = None
        self._begun_at = 0.0
        self.ufrag, self.password = secrets.token_hex(4), secrets.token_hex(12)
        self.state = State.NEW
        self.reason = ""
        self.keys: srtp.Keys | None = None
        self.host: Host | None = None
        self.proved_at = 0.0
        self.closed = False  # by the relay, after the keys were agreed

    def accept(self, answer: Answer, now: float) -> None:
        """Begin to check."""
        self._answer = answer
        self.state = State.CHECKING
        self._begun_at = now
        self.tick(now)

    @property
    def due_at(self) -> float | None:
        """When `tick` has something to do; None: never."""
        return self._due_at if self.state in (State.CHECKING, State.SHAKING) else None

    def tick(self, now: float) -> None:
        """What is due: checks, flights again, or giving up."""
        if self.due_at is not None and now < (self._due_at or now):
            return
        if self.state not in (State.CHECKING, State.SHAKING):
            return
        if now - self._begun_at > self._limit_s:
            slow = self.state is State.SHAKING
            self._fail("the handshake took too long" if slow else "no answer to the checks")
        elif self.state is State.CHECKING:
            self.check()
            self._due_at = now + CHECK_AGAIN_S
        elif self._shake is not None:
            self._shake.retransmit()
            self._flush(now)

    def check(self) -> None:
        """An ICE check, which is also the sign of life: to the host that answers, else to all."""
        assert self._answer is not None
        name = f"{self._answer.ufrag}:{self.ufrag}"
        for host in (self.host,) if self.host is not None else self._answer.hosts:
            transaction = os.urandom(12)
            self._asked.append((transaction, host))
            self._put(stun.request(transaction, name, self._answer.password, nominate=True), host)

    def receive(self, datagram: bytes, now: float) -> None:
        """STUN or DTLS from the relay; what is forged or makes no sense leaves no trace."""
        if stun.is_stun(datagram):
            with contextlib.suppress(ValueError):
                self._checked(stun.parse(datagram), now)
        elif datagram and 20 <= datagram[0] < 64 and self._shake is not None:
            self._shaken(datagram, now)

    def _checked(self, response: stun.Request, now: float) -> None:
        if response.kind == stun.BINDING_REQUEST:
            self._confirm(response)
            return
        host = next((host for transaction, host in self._asked if transaction == response.transaction), None)
        if response.kind != stun.BINDING_RESPONSE or host is None or self._answer is None:
            return
        if not stun.proves(response, self._answer.password):
            return
        self.proved_at = now
        if self.state is State.CHECKING:
            self.host = host
            self.state = State.SHAKING
            self._shake = Caller(self._identity, self._answer.fingerprint)
            self._shake.begin()
            self._flush(now)

    def _confirm(self, question: stun.Request) -> None:
        """The relay is lite, but asks whether we are here where anybody may have written our address."""
        password = self.password.encode()
        if self.host is None or not stun.proves(question, password):
            return
        with contextlib.suppress(OSError):  # of a host that is a name
            self._put(stun.response(question, raw_address(*self.host), password), self.host)

    def _shaken(self, datagram: bytes, now: float) -> None:
        assert self._shake is not None
        try:
            self._shake.receive(datagram)
        except Refused as refusal:
            self._fail(str(refusal))
            return
        self._flush(now)
        if self.state is State.SHAKING and self._shake.keys is not None:
            self.keys = self._shake.keys
            self.state = State.READY
        self.closed = self._shake.closed

    def _flush(self, now: float) -> None:
        """Send what the handshake has to say, and note when it must be said again."""
        assert self._shake is not None
        assert self.host is not None
        for datagram in self._shake.outgoing():
            self._put(datagram, self.host)
        left_s = self._shake.timer_s()
        self._due_at = None if left_s is None else now + max(0.01, left_s)

    def _fail(self, reason: str) -> None:
        self.reason = reason
        self.state = State.FAILED

    def close(self) -> None:
        """Tell the relay that we go."""
        if self._shake is not None and self.host is not None:
            self._shake.close()
            for datagram in self._shake.outgoing():
                self._put(datagram, self.host)
