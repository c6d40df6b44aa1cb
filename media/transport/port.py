"""One UDP port for all peers: reads in batches, tells STUN, DTLS and SRTP apart (RFC 7983), finds the peer.
What comes over TCP connections is told apart here too; to the port they are addresses.

STUN is routed by the ufrag in it, everything else by the address that a proved check came from. A check proves a
password and not where it came from: an address that another peer holds is taken over on an answer only. A datagram
from an unknown address leaves no trace but a count. Not safe for use from two threads.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from media.transport import stun
from media.transport.kernel import RECEIVE_BATCH, Address, Inbox, Outbox, is_stream, libc
from media.transport.mishaps import Mishaps
from media.transport.peer import Peer
from media.transport.streams import Streams
from media.wire import rtp

MAX_ASKED: Final = 8192  # questions of ours that may still be answered
ROUNDS: Final = 2  # batches read before other work, and the sources' own sockets, get their turn


@dataclass(slots=True)
class Counts:
    """What came in, by kind, and what was thrown away."""

    stun: int = 0
    dtls: int = 0
    rtp: int = 0
    rtcp: int = 0
    unknown: int = 0
    malformed: int = 0


@dataclass(frozen=True, slots=True)
class Handlers:
    """Whom the port calls with a peer's datagrams."""

    dtls: Callable[[Peer, bytes], None]
    rtp: Callable[[Peer, bytes], None]
    rtcp: Callable[[Peer, bytes], None]
    moved: Callable[[Peer], None]


class Post(Outbox):
    """Single datagrams to single addresses, over UDP or a TCP connection."""

    streams: Streams | None = None

    def add(self, datagram: bytes, address: Address) -> None:
        if not is_stream(address):
            super().add(datagram, address)
        elif self.streams is not None:
            self.streams.send(address, (datagram,))


class Port:
    """The socket and the two routing tables."""

    def __init__(
        self,
        sock: socket.socket,
        handlers: Handlers,
        mishaps: Mishaps | None = None,
        *,
        batches: bool = True,
        system: Any = libc,
    ) -> None:
        """`batches`, `system`: as an Outbox takes them."""
        self.sock = sock
        self.outbox = Post(sock, batches=batches, system=system)
        self.counts = Counts()
        self.mishaps = mishaps or Mishaps()
        self._inbox = Inbox(sock, system=system)
        self._handlers = handlers
        self._by_ufrag: dict[str, Peer] = {}
        self._by_address: dict[Address, Peer] = {}
        self._before: dict[Address, Peer] = {}  # who was there when another came
        self._asked: dict[bytes, Peer] = {}  # by the transaction of our question; oldest first

    def add(self, peer: Peer) -> None:
        self._by_ufrag[peer.ufrag] = peer

    def remove(self, peer: Peer) -> None:
        self._by_ufrag.pop(peer.ufrag, None)
        for address in peer.addresses:
            self._leave(peer, address)
        for transaction, _ in peer.asked.values():
            self._asked.pop(transaction, None)

    def _lives(self, peer: Peer) -> bool:
        return self._by_ufrag.get(peer.ufrag) is peer

    def rename(self, peer: Peer, remote: tuple[str, bytes]) -> None:
        """Give the peer new ICE credentials; the old ones are worth nothing from now on. `remote`: its own."""
        self._by_ufrag.pop(peer.ufrag, None)
        peer.renew_credentials(remote)
        self.add(peer)

    def send(self, peer: Peer, datagram: bytes) -> None:
        if peer.address is not None:
            self.outbox.add(datagram, peer.address)

    def read(self, now: float, inlet: int | None = None) -> None:
        """Handle what waits on the socket of all or on an inlet, up to a bounded number of batches."""
        for _ in range(ROUNDS):
            count = 0
            for datagram, source in self._inbox.receive(inlet):
                count += 1
                self.take(datagram, source, now)
            if count < RECEIVE_BATCH // 2:  # truncated ones are not counted
                return

    def take(self, datagram: bytes, source: Address, now: float) -> None:
        """Handle one datagram, whichever way it came. Nothing that is in it ends the loop."""
        try:
            self._handle(datagram, source, now)
        except ValueError:
            self.counts.malformed += 1
        except Exception:
            peer = self._by_address.get(source)
            self.mishaps.note(f"datagram of {len(datagram)} bytes, session {peer.session if peer else 'unknown'}")

    def who(self, address: Address) -> Peer | None:
        """The peer that proved that it is there."""
        return self._by_address.get(address)

    def knows(self, address: Address) -> bool:
        """Whether a peer proved that it is there."""
        return address in self._by_address

    def forget(self, address: Address) -> None:
        """Nothing that is sent there arrives any more."""
        for peer in (self._by_address.pop(address, None), self._before.pop(address, None)):
            if peer is not None:
                peer.left(address)

    def _handle(self, datagram: bytes, source: Address, now: float) -> None:
        first = datagram[0] if datagram else 255
        if first < 4:
            self.counts.stun += 1
            self._check(datagram, source, now)
            return
        peer = self._by_address.get(source)
        if peer is None:
            self.counts.unknown += 1
            return
        peer.came_from = source
        if 128 <= first < 192:
            if rtp.is_rtcp(datagram):
                self.counts.rtcp += 1
                self._handlers.rtcp(peer, datagram)
            else:
                self.counts.rtp += 1
                self._handlers.rtp(peer, datagram)
            if source != peer.address and peer.strayed_at == now:
                self._question(peer, source, False, now)
        elif 20 <= first < 64:
            self.counts.dtls += 1
            peer.begun = True
            self._handlers.dtls(peer, datagram)
        else:
            self.counts.unknown += 1

    def _check(self, datagram: bytes, source: Address, now: float) -> None:
        claimed = stun.claimed_ufrag(datagram)
        if claimed and claimed.decode("latin-1") not in self._by_ufrag:
            self.counts.unknown += 1
            return
        request = stun.parse(datagram)
        if request.kind == stun.BINDING_RESPONSE:
            self._answered(request, source, now)
            return
        peer = self._by_ufrag.get(request.local_ufrag)
        if request.kind != stun.BINDING_REQUEST or peer is None or not stun.proves(request, peer.password):
            self.counts.unknown += 1
            return
        if request.controlled:
            self.outbox.add(stun.role_conflict(request, peer.password), source)
            return
        owner, had = self._by_address.get(source), set(peer.addresses)
        contested = owner is not None and owner is not peer and owner.holds(source, now)
        moved = not contested and peer.checked(source, request.nominates, now)
        if not contested:
            self._arrive(peer, source, had)
        self.outbox.add(stun.response(request, source, peer.password), source)
        self._question(peer, source, request.nominates, now, contested)
        if moved:
            self._handlers.moved(peer)

    def _question(self, peer: Peer, source: Address, nominates: bool, now: float, contested: bool = False) -> None:
        """Ask whether anybody is there, where that decides."""
        question = peer.question(source, nominates, now, contested=contested)
        if question is None:
            return
        transaction = stun.transaction_of(question)
        self._asked.pop(transaction, None)
        self._asked[transaction] = peer
        if len(self._asked) > MAX_ASKED:
            del self._asked[next(iter(self._asked))]
        self.outbox.add(question, source)

    def _answered(self, answer: stun.Request, source: Address, now: float) -> None:
        """Whose answer it is, the question says: the address may be another's until now."""
        peer = self._asked.get(answer.transaction)
        if peer is None or not self._lives(peer):
            return
        had = set(peer.addresses)
        if peer.answered(answer, source, now):
            del self._asked[answer.transaction]
            before = self._by_address.get(source)
            if before is not None and before is not peer:
                before.left(source)
            self._arrive(peer, source, had)
            self._handlers.moved(peer)

    def _arrive(self, peer: Peer, address: Address, had: set[Address]) -> None:
        """What comes from there is this peer's from now on. `had`: its addresses before; one may be gone now."""
        for gone in had - set(peer.addresses):
            self._leave(peer, gone)
        before = self._by_address.get(address)
        if before is not None and before is not peer:
            self._before[address] = before
        self._by_address[address] = peer

    def _leave(self, peer: Peer, address: Address) -> None:
        """The peer is there no more; whoever it came after may be there still."""
        if self._by_address.get(address) is not peer:
            return
        before = self._before.pop(address, None)
        if before is not None and self._lives(before) and address in before.addresses:
            self._by_address[address] = before
        else:
            del self._by_address[address]
