"""DTLS-SRTP (RFC 5763, 5764) as the passive side, on its own thread: a join storm never touches the packet loop.

Knows certificates and handshakes; not who the peer is nor what it may do. The packet loop hands in datagrams
only from addresses that passed a STUN check, so no certificate is ever sent to a forged address.
"""

import contextlib
import datetime
import encodings.charmap  # noqa: F401 (pyOpenSSL would open this file in the first handshake, when none may be left)
import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL

from media.transport import srtp
from media.wire.fingerprint import Fingerprint, known_algorithm

MTU: Final = 1200
MAX_DATAGRAM: Final = 2048
MAX_WAITING: Final = 8192  # datagrams that wait for the thread; the excess is lost, and sent again by the peer
MAX_WAITING_OF_PEER: Final = 32  # a flight, several times over
HANDSHAKE_LIMIT_S: Final = 20.0
FLIGHT_AGAIN_S: Final = 0.5  # when a flight goes again that got no answer, and
FLIGHT_PACE_S: Final = 1.0  # how often after that
MAX_LAST_AGAIN: Final = 8  # how often the last flight goes again for a peer that did not get it
_HANDSHAKE_KINDS: Final = (20, 22)  # change cipher spec, handshake
_CIPHERS: Final = (
    b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA"
)
_NEVER: Final = float("inf")
_EXPORTER: Final = b"EXTRACTOR-dtls_srtp"
_DIGESTS: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    "sha-256": hashes.SHA256,
    "sha-384": hashes.SHA384,
    "sha-512": hashes.SHA512,
}


def fingerprint(certificate: x509.Certificate, algorithm: str = "sha-256") -> Fingerprint:
    digest = certificate.fingerprint(_DIGESTS[algorithm]())
    return Fingerprint(algorithm, digest.hex(":").upper())


class Identity:
    """The relay's self-signed certificate for this run, and the DTLS context made from it."""

    def __init__(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, os.urandom(8).hex())])
        now = datetime.datetime.now(tz=datetime.UTC)
        day = datetime.timedelta(days=1)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - day)
            .not_valid_after(now + 365 * day)
            .sign(key, hashes.SHA256())
        )
        self.fingerprint = fingerprint(certificate)
        context = SSL.Context(SSL.DTLS_METHOD)
        context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_QUERY_MTU)
        context.set_mode(SSL.MODE_RELEASE_BUFFERS)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        # The certificate is judged by its fingerprint in the offer, below; there is no authority to ask.
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
        context.use_certificate(certificate)
        context.use_privatekey(key)
        context.set_cipher_list(_CIPHERS)
        context.set_tlsext_use_srtp(b":".join(p.openssl.encode() for p in srtp.PROFILES))
        self.context = context


class Refused(Exception):
    """The peer failed its handshake: a wrong certificate, no common profile, or no sense."""


class Handshake:
    """One peer's DTLS connection, without input or output.

    OpenSSL doubles its timer with every loss, so that a few at the beginning of a join take half a minute. Between
    its turns the last flight goes again as it was: to the peer a datagram that came twice, or at last.
    """

    def __init__(
        self, identity: Identity, expected: Fingerprint, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._expected = expected
        self._clock = clock
        self._ssl = SSL.Connection(identity.context, None)
        self._ssl.set_accept_state()
        self._ssl.set_ciphertext_mtu(MTU)
        self._flight: tuple[bytes, ...] = ()
        self._again = False
        self._again_at = 0.0
        self._last_again = MAX_LAST_AGAIN
        self.keys: srtp.Keys | None = None
        self.closed = False
        self.begun_at = clock()

    def receive(self, datagram: bytes) -> None:
        """Take one datagram. Raises: Refused."""
        try:
            self._ssl.bio_write(datagram)
            if self.keys is None:
                self._ssl.do_handshake()
                self.keys = self._export()
            else:
                self._repeats(datagram)
                while self._ssl.recv(MAX_DATAGRAM):
                    pass  # nobody speaks over DTLS here; what is not read would pile up
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.closed = True
        except SSL.Error as error:
            raise Refused(str(error)) from error

    def _repeats(self, datagram: bytes) -> None:
        """A peer that still shakes hands has not got our last flight (RFC 6347, 4.2.4)."""
        if datagram[0] in _HANDSHAKE_KINDS and self._last_again:
            self._last_again -= 1
            self._again = True

    def _export(self) -> srtp.Keys:
        # Digested as it came: a certificate that is bad enough for a strict reader must not be read at all.
        certificate = self._ssl.get_peer_certificate()
        algorithm = self._expected.algorithm.replace("-", "")
        if not known_algorithm(self._expected.algorithm) or certificate is None:
            raise Refused("no certificate, or a digest that we do not know")
        if certificate.digest(algorithm).decode() != self._expected.value:
            raise Refused("the certificate is not the one in the offer")
        chosen = self._ssl.get_selected_srtp_profile()
        profile = next((p for p in srtp.PROFILES if p.openssl.encode() == chosen), None)
        if profile is None:
            raise Refused("no common SRTP profile")
        material = self._ssl.export_keying_material(_EXPORTER, profile.material_size, None)
        return srtp.split_material(profile, material)

    def timer_s(self) -> float | None:
        """When `retransmit` is due, from now; None for no timer."""
        if self.keys is not None:
            return None
        left = self._ssl.DTLSv1_get_timeout()
        own = max(0.0, self._again_at - self._clock()) if self._flight else None
        return min((float(t) for t in (left, own) if t is not None), default=None)

    def retransmit(self) -> None:
        """Let what is due be `outgoing` again."""
        with contextlib.suppress(SSL.Error):
            self._ssl.DTLSv1_handle_timeout()
        self._again = self._again_at <= self._clock()

    def close(self) -> None:
        with contextlib.suppress(SSL.Error):
            self._ssl.shutdown()

    def outgoing(self) -> tuple[bytes, ...]:
        """What must be sent now, in datagrams of at most the MTU."""
        out = bytearray()
        while True:
            try:
                out += self._ssl.bio_read(65536)
            except SSL.Error:
                break
        again, self._again = self._again, False
        fresh = tuple(pack_records(bytes(out)))
        if fresh:
            self._flight = fresh
        elif not again:
            return ()
        self._again_at = self._clock() + (FLIGHT_PACE_S if again else FLIGHT_AGAIN_S)
        return self._flight


def pack_records(records: bytes) -> Iterator[bytes]:
    """Put whole DTLS records together into datagrams."""
    start = end = 0
    while end + 13 <= len(records):
        size = 13 + int.from_bytes(records[end + 11 : end + 13], "big")
        if end > start and end + size - start > MTU:
            yield records[start:end]
            start = end
        end += size
    if end > start:
        yield records[start:end]


@dataclass(frozen=True, slots=True)
class Outgoing:
    peer: int
    datagrams: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Agreed:
    """The handshake is done. `datagrams` is its last flight: keys are set before it leaves, media follows it."""

    peer: int
    keys: srtp.Keys
    datagrams: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """The peer closed its DTLS connection, or failed to make one, or was forgotten: the last news of it."""

    peer: int
    reason: str


News = Outgoing | Agreed | Ended


class _Share:
    """How much of one peer's waits. The packet loop alone counts what is `given`, the thread what is `taken`."""

    __slots__ = ("given", "taken")

    def __init__(self) -> None:
        self.given = self.taken = 0


_Task = tuple[int, bytes | None, Fingerprint | None, _Share | None]


class Desk:
    """The handshake thread. Peers are numbers; `wake` is called (from the thread) when there is news.

    `failed` is set when the thread ended by a fault of ours: nobody could join any more.
    """

    def __init__(self, identity: Identity, wake: Callable[[], None]) -> None:
        self._identity = identity
        self._wake = wake
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._shares: dict[int, _Share] = {}  # the packet loop's
        self._handshakes: dict[int, Handshake] = {}
        self._timers: dict[int, float] = {}
        self._due_at = _NEVER  # no timer is due before
        self.news: deque[News] = deque()
        self.failed = False
        self._thread = threading.Thread(target=self._run, name="dtls", daemon=True)
        self._thread.start()

    def hand_in(self, peer: int, datagram: bytes, expected: Fingerprint) -> None:
        """A datagram of this peer; the first one opens its handshake."""
        share = self._shares.setdefault(peer, _Share())
        if share.given - share.taken < MAX_WAITING_OF_PEER and self._tasks.qsize() < MAX_WAITING:
            share.given += 1
            self._tasks.put((peer, datagram, expected, share))

    def forget(self, peer: int) -> None:
        """Close the peer's connection, telling it so."""
        self._shares.pop(peer, None)
        self._tasks.put((peer, None, None, None))

    def stop(self) -> None:
        self._tasks.put(None)
        self._thread.join(5)

    def _run(self) -> None:
        try:
            self._work()
        except BaseException:
            self.failed = True
            self._wake()
            raise

    def _work(self) -> None:
        while True:
            try:
                task = self._tasks.get(timeout=self._pause_s())
            except queue.Empty:
                self._fire_timers()
                continue
            if task is None:
                return
            peer, datagram, expected, share = task
            if share is not None:
                share.taken += 1
            self._handle(peer, datagram, expected)
            self._fire_timers()

    def _pause_s(self) -> float:
        return min(5.0, max(0.005, self._due_at - time.monotonic()))

    def _handle(self, peer: int, datagram: bytes | None, expected: Fingerprint | None) -> None:
        handshake = self._handshakes.get(peer)
        if datagram is None or expected is None:
            if handshake is not None:
                handshake.close()
                self._send(peer, handshake)
            self._end(peer, "forgotten")
            return
        if handshake is None:
            handshake = self._handshakes[peer] = Handshake(self._identity, expected)
        had_keys = handshake.keys is not None
        try:
            handshake.receive(datagram)
        except Refused as refusal:
            self._refuse(peer, handshake, str(refusal))
            return
        if handshake.keys is not None and not had_keys:
            self._tell(Agreed(peer, handshake.keys, handshake.outgoing()))
        else:
            self._send(peer, handshake)
        if handshake.closed:
            self._end(peer, "closed by the peer")
            return
        self._set_timer(peer, handshake)

    def _refuse(self, peer: int, handshake: Handshake, reason: str) -> None:
        handshake.close()
        self._send(peer, handshake)
        self._end(peer, reason)

    def _set_timer(self, peer: int, handshake: Handshake) -> None:
        left = handshake.timer_s()
        if left is None:
            self._timers.pop(peer, None)
        else:
            self._timers[peer] = at = time.monotonic() + left
            self._due_at = min(self._due_at, at)

    def _fire_timers(self) -> None:
        now = time.monotonic()
        if now < self._due_at:
            return
        for peer in [p for p, at in self._timers.items() if at <= now]:
            handshake = self._handshakes[peer]
            if now - handshake.begun_at > HANDSHAKE_LIMIT_S:
                self._refuse(peer, handshake, "handshake took too long")
                continue
            handshake.retransmit()
            self._send(peer, handshake)
            self._set_timer(peer, handshake)
        self._due_at = min(self._timers.values(), default=_NEVER)

    def _send(self, peer: int, handshake: Handshake) -> None:
        datagrams = handshake.outgoing()
        if datagrams:
            self._tell(Outgoing(peer, datagrams))

    def _end(self, peer: int, reason: str) -> None:
        self._drop(peer)
        self._tell(Ended(peer, reason))

    def _drop(self, peer: int) -> None:
        self._handshakes.pop(peer, None)
        self._timers.pop(peer, None)

    def _tell(self, news: News) -> None:
        self.news.append(news)
        self._wake()
