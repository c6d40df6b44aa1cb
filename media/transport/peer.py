"""Whom the relay talks to: one ICE and DTLS association each.

Knows addresses, checks and keys; not what the peer is there for. Owned by the packet loop's thread.
"""

import os
import secrets
from dataclasses import dataclass, field
from typing import Final

from media.transport import srtp, stun
from media.transport.kernel import Address, is_stream
from media.wire.fingerprint import Fingerprint

MAX_ADDRESSES: Final = 8
SILENCE_LIMIT_S: Final = 30.0
DESERTED_AFTER_S: Final = 3.0  # of silence from where we send to: then who is heard elsewhere is asked there
ASK_AGAIN_S: Final = 0.05
HELD_S: Final = 8.0  # no agent's checks are further apart (aioice: 6 s)
MAX_ASKED: Final = 8  # addresses whose answers may still come
UNPROVED_LIMIT_S: Final = 10.0  # from the answer to the first proved check
HALF_OPEN_LIMIT_S: Final = 25.0  # from the answer to the keys; longer than a handshake may take


def random_ssrc() -> int:
    return secrets.randbelow(0xFFFFFFFE) + 1


@dataclass(slots=True, eq=False, kw_only=True)
class Peer:
    """One association, from the answered offer to the last packet."""

    number: int
    session: str
    studio: str
    name: str
    fingerprint: Fingerprint
    now: float
    since: float  # Unix time
    ufrag: str = field(default_factory=lambda: secrets.token_hex(4))
    password: bytes = field(default_factory=lambda: secrets.token_hex(16).encode())
    address: Address | None = None
    addresses: dict[Address, float] = field(default_factory=dict)
    nominated: bool = False
    receiver: srtp.Receiver | None = None
    sender: srtp.Sender | None = None
    came_from: Address | None = None  # of the datagram that is being read
    remote: tuple[str, bytes] = ("", b"")  # its own ICE name and password
    begun: bool = False  # the handshake: from then on a new address has to answer us
    asked: dict[Address, tuple[bytes, bool]] = field(default_factory=dict)  # transaction, and whether nominated
    asked_at: float = float("-inf")
    heard_at: float = 0.0  # when something authentic last came from `address`
    strayed_at: float = float("-inf")  # and from elsewhere

    def __post_init__(self) -> None:
        self.heard_at = self.now

    def checked(self, address: Address, nominates: bool, now: float) -> bool:
        """A proved STUN check came from this address; whether we now send to another address than before."""
        self._keep(address, now)
        moved = self._is_better(address, nominates, now) and not self._must_answer(address)
        if moved:
            self.nominated = self.nominated or nominates
            self.address = address
        self.came_from = address
        self.heard(now)
        return moved

    def _keep(self, address: Address, now: float) -> None:
        if len(self.addresses) >= MAX_ADDRESSES and address not in self.addresses:
            del self.addresses[
                min((a for a in self.addresses if a != self.address), key=self.addresses.__getitem__)
            ]
        self.addresses[address] = now

    def holds(self, address: Address, now: float) -> bool:
        """Whether it was heard there so lately that another's check from there takes nothing away from it."""
        heard_at = self.heard_at if address == self.address else self.addresses.get(address, float("-inf"))
        return now - heard_at <= HELD_S

    def _is_better(self, address: Address, nominates: bool, now: float) -> bool:
        """Whether the media should go there instead of where it goes.

        Not every peer nominates again when its line changes: its NAT may do that behind its back, and the later
        checks of aioice never nominate. So a silent address gives way to one that it is heard from.
        """
        if address == self.address:
            return False
        if nominates or self.address is None or now - self.heard_at > DESERTED_AFTER_S:
            return True
        return not self.nominated and self.address not in self.addresses

    def _must_answer(self, address: Address) -> bool:
        """Whether the media goes there on an answer only, since anybody may have written that sender's address.

        Who knows the password can send checks in another's name, and have the programme poured over him (RFC 8445,
        19.5). A TCP connection and the handshake itself show that somebody is there; later only an answer does.
        """
        return self.begun and not is_stream(address)

    def question(self, address: Address, nominates: bool, now: float, *, contested: bool = False) -> bytes | None:
        """A check of ours to where the peer is heard, if its media should go there and it is time for one.

        The same again until it is answered (RFC 8489, 6.2.1): an answer may take longer than the next question.
        `contested`: another peer holds the address.
        """
        if not (self._is_better(address, nominates, now) and (contested or self._must_answer(address))):
            return None
        if now - self.asked_at < ASK_AGAIN_S or not self.remote[0]:
            return None
        self.asked_at = now
        transaction, nominated = self.asked.pop(address, (os.urandom(12), False))
        self.asked[address] = transaction, nominated or nominates
        if len(self.asked) > MAX_ASKED:
            del self.asked[next(iter(self.asked))]
        return stun.request(transaction, f"{self.remote[0]}:{self.ufrag}", self.remote[1], controlled=True)

    def answered(self, answer: stun.Request, address: Address, now: float) -> bool:
        """An answer came from this address; whether we now send there."""
        transaction, nominated = self.asked.get(address, (b"", False))
        if transaction != answer.transaction or not stun.proves(answer, self.remote[1]):
            return False
        if not self._is_better(address, nominated, now):
            return False
        self.asked.clear()
        self._keep(address, now)
        self.nominated = self.nominated or nominated
        self.address = self.came_from = address
        self.heard(now)
        return True

    def heard(self, now: float) -> None:
        """Something authentic came. Only what comes from where we send to lets us go on (RFC 7675, 5.1).

        A lite agent asks for no consent itself: it lives by the checks, and the SRTP and SRTCP, of the other side.
        """
        if self.came_from == self.address:
            self.heard_at = now
        else:
            self.strayed_at = now

    def left(self, address: Address) -> None:
        """This address leads to the peer no more; any other that it checks from is better."""
        self.addresses.pop(address, None)
        if address == self.address:
            self.nominated = False

    def agree(self, keys: srtp.Keys) -> None:
        """The handshake is done: we are the server, the peer is the client."""
        self.receiver = srtp.Receiver(keys.profile, keys.client)
        self.sender = srtp.sender(keys.profile, keys.server)
        self.begun = True

    def renew_credentials(self, remote: tuple[str, bytes]) -> None:
        """ICE restart (RFC 8445, 9): new names on both sides, the same keys and media."""
        self.remote = remote
        self.asked.clear()
        self.ufrag, self.password = secrets.token_hex(4), secrets.token_hex(16).encode()
        self.nominated = False

    @property
    def transport(self) -> str | None:
        """What its packets travel over; None before the first check."""
        if self.address is None:
            return None
        return "tcp" if is_stream(self.address) else "udp"

    def over(self, now: float) -> str:
        """Why this peer has to go; empty while it may stay."""
        if now - self.heard_at > SILENCE_LIMIT_S:
            return "silent"
        if self.address is None and now - self.now > UNPROVED_LIMIT_S:
            return "no check came"
        if self.sender is None and now - self.now > HALF_OPEN_LIMIT_S:
            return "no handshake came to its end"
        return ""
