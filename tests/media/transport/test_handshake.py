"""Handshakes over links that lose, repeat and turn round datagrams, in their own time; and bad certificates."""

import datetime
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import example, given, settings
from hypothesis import strategies as st
from OpenSSL import SSL, crypto

from media.transport import dtls, srtp
from media.transport.call import Caller

SERVER, CLIENT = dtls.Identity(), dtls.Identity()
TICK_S = 0.05
LOST, ONCE, TWICE, LATE = range(4)
Fates = list[int]


@dataclass
class Link:
    """Two ends and what becomes of each datagram in its turn; when the fates are used up, all arrive at once."""

    fates: Fates
    caller: dtls.Identity = CLIENT
    now: float = 1000.0
    flying: list[tuple[float, bool, bytes]] = field(default_factory=list)
    sent: int = 0

    def __post_init__(self) -> None:
        self.server = dtls.Handshake(SERVER, self.caller.fingerprint, lambda: self.now)
        self.client = Caller(self.caller, SERVER.fingerprint, lambda: self.now)
        self.client.begin()
        self._post(self.client)

    def _post(self, sender: dtls.Handshake) -> None:
        for datagram in sender.outgoing():
            fate = self.fates[self.sent] if self.sent < len(self.fates) else ONCE
            self.sent += 1
            for _ in range((0, 1, 2, 1)[fate]):
                arrives = self.now + (0.7 if fate == LATE else 0.0)
                self.flying.append((arrives, sender is self.client, datagram))

    def run(self, limit_s: float) -> float:
        """Until both have keys; how long it took. Raises: TimeoutError."""
        began = self.now
        while self.server.keys is None or self.client.keys is None:
            if self.now - began > limit_s:
                raise TimeoutError(f"{self.sent} datagrams: {self.server.keys=} {self.client.keys=}")
            self._step()
        return self.now - began

    def _step(self) -> None:
        due = [f for f in self.flying if f[0] <= self.now]
        if not due:
            self.now += TICK_S
        self.flying = [f for f in self.flying if f not in due]
        for _, to_server, datagram in due:
            end = self.server if to_server else self.client
            end.receive(datagram)
            self._post(end)
        for end in (self.server, self.client):
            if (left_s := end.timer_s()) is not None and left_s <= 0:
                end.retransmit()
                self._post(end)


def test_without_losses_nothing_goes_twice() -> None:
    link = Link([])
    assert link.run(0.1) == 0
    assert link.sent == 4
    assert link.server.keys == link.client.keys
    assert link.server.timer_s() is None
    assert link.client.timer_s() is None


@pytest.mark.parametrize(
    ("offered", "agreed"),
    [((srtp.CM, srtp.GCM), srtp.GCM), ((srtp.GCM, srtp.CM), srtp.GCM), ((srtp.CM,), srtp.CM)],
)
def test_our_order_of_profiles_decides(offered: tuple[srtp.Profile, ...], agreed: srtp.Profile) -> None:
    """AES-CM costs more, and libsrtp counts its turns by itself; Chromium's order would be its own."""
    caller = dtls.Identity()
    caller.context.set_tlsext_use_srtp(":".join(profile.openssl for profile in offered).encode())
    link = Link([], caller)
    link.run(0.1)
    assert link.server.keys is not None
    assert link.server.keys.profile is agreed
    assert link.server.keys == link.client.keys


def test_without_a_profile_of_ours_nobody_joins() -> None:
    caller = dtls.Identity()
    caller.context.set_tlsext_use_srtp(b"SRTP_AEAD_AES_256_GCM")
    with pytest.raises(dtls.Refused, match="profile"):
        Link([], caller).run(0.1)


@pytest.mark.parametrize("number", range(4))
def test_any_one_datagram_may_be_lost(number: int) -> None:
    link = Link([ONCE] * number + [LOST])
    assert link.run(1.0) <= 0.6
    assert link.server.keys == link.client.keys


@given(st.lists(st.integers(0, 3), max_size=24))
@example([LOST] * 6)
@example([ONCE] * 3 + [LOST] * 6)  # the relay's last flight, again and again
@settings(deadline=None, max_examples=60)
def test_a_handshake_never_waits_long_for_what_was_lost(fates: Fates) -> None:
    link = Link(fates)
    # OpenSSL alone would double its timer with each loss: 31 s after five.
    link.run(2.0 + 1.1 * (fates.count(LOST) + fates.count(LATE)))
    assert link.server.keys == link.client.keys


def test_the_last_flight_goes_again_for_who_did_not_get_it_but_not_for_ever() -> None:
    link = Link([])
    link.run(0.1)
    answers = 0
    for _ in range(50):
        link.server.receive(b"\x16" + bytes(40))
        answers += len(link.server.outgoing())
    assert 0 < answers <= dtls.MAX_LAST_AGAIN


def certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    now = datetime.datetime.now(tz=datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "strange")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(1))
    return builder.sign(key, hashes.SHA256())


def of_no_known_version() -> dtls.Identity:
    """An identity whose certificate strict readers refuse to read at all."""
    key = ec.generate_private_key(ec.SECP256R1())
    good = certificate(key).public_bytes(Encoding.DER)
    at = good.index(bytes.fromhex("a003020102")) + 4  # version 3
    strange = crypto.load_certificate(crypto.FILETYPE_ASN1, good[:at] + b"\x05" + good[at + 1 :])
    identity = dtls.Identity()
    context = identity.context = SSL.Context(SSL.DTLS_METHOD)
    context.set_options(SSL.OP_NO_QUERY_MTU)
    with pytest.warns(DeprecationWarning, match="X509"):  # the other way to say it reads the certificate
        context.use_certificate(strange)
    context.use_privatekey(key)
    context.set_tlsext_use_srtp(b"SRTP_AEAD_AES_128_GCM")
    identity.fingerprint = dtls.Fingerprint("sha-256", strange.digest("sha256").decode())
    return identity


def at_the_desk(desk: dtls.Desk, woken: threading.Event, peer: int, client: dtls.Identity) -> list[dtls.News]:
    """One peer's whole handshake with the thread; the news that it made."""
    caller, seen = Caller(client, SERVER.fingerprint), []
    caller.begin()
    while caller.keys is None:
        for datagram in caller.outgoing():
            desk.hand_in(peer, datagram, client.fingerprint)
        assert woken.wait(5)
        woken.clear()
        while desk.news:
            news = desk.news.popleft()
            if news.peer != peer:
                continue
            seen.append(news)
            if isinstance(news, dtls.Ended):
                return seen
            for datagram in news.datagrams:
                caller.receive(datagram)
    return seen


@pytest.fixture
def woken() -> threading.Event:
    return threading.Event()


@pytest.fixture
def desk(woken: threading.Event) -> Iterator[dtls.Desk]:
    desk = dtls.Desk(SERVER, woken.set)
    yield desk
    desk.stop()


def test_a_strange_certificate_is_judged_by_its_digest_alone(desk: dtls.Desk, woken: threading.Event) -> None:
    for peer, client in enumerate((of_no_known_version(), CLIENT)):
        assert isinstance(at_the_desk(desk, woken, peer, client)[-1], dtls.Agreed)
    assert not desk.failed


def test_a_desk_that_fails_says_so(
    desk: dtls.Desk, woken: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    desk.hand_in(1, "no bytes", CLIENT.fingerprint)  # type: ignore[arg-type]
    assert woken.wait(5)
    assert desk.failed


def test_the_desk_takes_garbage_from_known_addresses(desk: dtls.Desk, woken: threading.Event) -> None:
    for peer in range(100):
        desk.hand_in(peer, b"\x16\xfe\xff" + bytes([peer]) * 60, CLIENT.fingerprint)
        desk.forget(peer)
    assert isinstance(at_the_desk(desk, woken, 1000, CLIENT)[-1], dtls.Agreed)
    assert not desk._handshakes.keys() - {1000}


@pytest.fixture
def idle_desk(monkeypatch: pytest.MonkeyPatch) -> dtls.Desk:
    """One whose thread does not run."""
    monkeypatch.setattr(threading.Thread, "start", lambda _: None)
    return dtls.Desk(SERVER, lambda: None)


def test_what_waits_for_the_thread_is_bounded(idle_desk: dtls.Desk) -> None:
    for number in range(dtls.MAX_WAITING + 100):
        idle_desk.hand_in(number, b"\x16", CLIENT.fingerprint)
    assert idle_desk._tasks.qsize() == dtls.MAX_WAITING
    idle_desk.forget(1)  # never waits: the packet loop calls it


def test_one_peer_does_not_crowd_out_the_others(idle_desk: dtls.Desk) -> None:
    waiting = idle_desk._tasks.qsize
    for _ in range(2 * dtls.MAX_WAITING):
        idle_desk.hand_in(1, b"\x16", CLIENT.fingerprint)
    assert waiting() == dtls.MAX_WAITING_OF_PEER
    idle_desk.hand_in(2, b"\x16", CLIENT.fingerprint)
    assert waiting() == dtls.MAX_WAITING_OF_PEER + 1
    idle_desk._tasks.put(None)
    idle_desk._work()  # as the thread would: what was read makes room
    for _ in range(3):
        idle_desk.hand_in(1, b"\x16", CLIENT.fingerprint)
    assert waiting() == 3
    for number in range(100):
        idle_desk.hand_in(number, b"\x16", CLIENT.fingerprint)
        idle_desk.forget(number)
    assert not idle_desk._shares
