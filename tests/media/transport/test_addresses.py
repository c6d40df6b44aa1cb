"""Whose an address is, when two peers say that they are there: a port by a clock of ours."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.transport import kernel, stun
from media.transport.kernel import Address
from media.transport.peer import ASK_AGAIN_S, HELD_S, Peer
from media.transport.port import Handlers, Port
from media.wire.fingerprint import Fingerprint

OURS = b"p" * 22  # each peer's own password
RTP, RTCP, DTLS = b"\x80\x60" + bytes(40), b"\x80\xc8" + bytes(40), b"\x16\xfe\xfd" + bytes(40)
HERE, THERE, ELSEWHERE = (kernel.raw_address("192.0.2.1", port) for port in (1, 2, 3))


@dataclass
class Desk:
    """A port, and what it made of what came."""

    port: Port
    now: float = 100.0
    took: list[Peer] = field(default_factory=list)
    sent: list[tuple[stun.Request, Address]] = field(default_factory=list)

    def join(self, name: str, address: Address | None = None) -> Peer:
        """With an address: one that has shaken hands there."""
        peer = Peer(
            number=len(self.port._by_ufrag) + 1, session=name, studio="s", name=name,
            fingerprint=Fingerprint("", ""), now=self.now, since=0.0, remote=(name, OURS),
        )  # fmt: skip
        self.port.add(peer)
        if address is not None:
            self.check(peer, address)
            self.port.take(DTLS, address, self.now)
            assert peer.begun
        return peer

    def check(self, peer: Peer, address: Address, *, nominate: bool = True) -> list[stun.Request]:
        """What we ask there, because of a check that came from there."""
        check = stun.request(os.urandom(12), f"{peer.ufrag}:{peer.name}", peer.password, nominate=nominate)
        self.port.take(check, address, self.now)
        waiting, self.port.outbox._waiting = self.port.outbox._waiting, []
        came = [stun.parse(datagram) for datagram, to in waiting if to == address]
        assert len(came) == len(waiting)
        assert came[0].kind == stun.BINDING_RESPONSE
        asked = [message for message in came if message.kind == stun.BINDING_REQUEST]
        assert all(stun.proves(message, OURS) and message.local_ufrag == peer.name for message in asked)
        return asked

    def answer(self, asked: stun.Request, address: Address, password: bytes = OURS) -> None:
        self.port.take(stun.response(asked, address, password), address, self.now)

    def whose(self, address: Address) -> Peer | None:
        """Who gets all that comes from there; None: nobody."""
        self.took.clear()
        for datagram in (RTP, RTCP, DTLS):
            self.port.take(datagram, address, self.now)
        assert len(self.took) in (0, 3)
        assert len(set(map(id, self.took))) <= 1
        return self.took[0] if self.took else None


@pytest.fixture
def desk() -> Iterator[Desk]:
    with kernel.open_port("127.0.0.1", 0) as sock:
        yield open_desk(sock)


def open_desk(sock: object) -> Desk:
    def took(peer: Peer, datagram: bytes) -> None:
        made.took.append(peer)

    made = Desk(Port(sock, Handlers(took, took, took, lambda peer: None)))  # type: ignore[arg-type]
    return made


@pytest.mark.parametrize("joined", [True, False], ids=["joined", "newcomer"])
def test_a_check_in_anothers_name_takes_nothing_away(desk: Desk, joined: bool) -> None:
    """The holder of any token may write anybody's sender address on it."""
    owner = desk.join("owner", HERE)
    other = desk.join("other", THERE if joined else None)
    for _ in range(100):
        desk.now += 0.01
        for nominate in (True, False):
            desk.check(other, HERE, nominate=nominate)
        assert desk.whose(HERE) is owner
        assert other.address == (THERE if joined else None)
        owner.came_from = HERE
        owner.heard(desk.now)
    desk.port.remove(other)
    assert desk.whose(HERE) is owner


def test_who_answers_from_there_is_there(desk: Desk) -> None:
    """A page that was loaded again: the same browser, behind the same port of its NAT, under a new session."""
    before, after = desk.join("tv", HERE), desk.join("tv")
    desk.now += 0.5
    (asked,) = desk.check(after, HERE)
    desk.answer(asked, HERE, b"not its own")
    desk.answer(asked, THERE)
    assert desk.whose(HERE) is before
    desk.answer(asked, HERE)
    assert desk.whose(HERE) is after
    assert after.address == HERE
    desk.port.remove(before)
    assert desk.whose(HERE) is after
    desk.port.remove(after)
    assert desk.whose(HERE) is None


def test_both_may_be_asked_at_once(desk: Desk) -> None:
    """Somebody who claims the place all the time cannot keep the one away who is there."""
    desk.join("tv", HERE)
    after, other = desk.join("tv"), desk.join("other", THERE)
    desk.check(other, HERE)
    (asked,) = desk.check(after, HERE)
    desk.now += ASK_AGAIN_S
    desk.check(other, HERE)
    desk.answer(asked, HERE)
    assert desk.whose(HERE) is after


def test_the_address_of_one_who_is_silent_is_anothers_by_a_check(desk: Desk) -> None:
    """Some agents may answer no checks at all."""
    owner, other = desk.join("owner", HERE), desk.join("other")
    desk.now += HELD_S
    desk.check(other, HERE)
    assert desk.whose(HERE) is owner
    desk.now += 0.1
    desk.check(other, HERE)
    assert desk.whose(HERE) is other
    desk.port.remove(other)
    assert desk.whose(HERE) is owner  # it still lives, and may have been silent only
    desk.check(other := desk.join("other"), HERE)
    desk.port.remove(owner)
    desk.port.remove(other)
    assert desk.whose(HERE) is None


def test_an_address_that_is_not_yet_used_is_held_too(desk: Desk) -> None:
    owner, other = desk.join("owner", HERE), desk.join("other", ELSEWHERE)
    desk.check(owner, THERE, nominate=False)
    desk.check(other, THERE)
    assert desk.whose(THERE) is owner


def test_the_number_of_questions_is_bounded(desk: Desk) -> None:
    desk.join("owner", HERE)
    other = desk.join("other", THERE)
    asked = 0
    for _ in range(1000):
        desk.now += 0.001
        asked += len(desk.check(other, HERE))
    assert 10 <= asked <= 1 / ASK_AGAIN_S + 1
    assert len(desk.port._asked) <= 1


def test_an_answer_of_one_who_has_gone_moves_nothing(desk: Desk) -> None:
    owner, other = desk.join("owner", HERE), desk.join("other")
    (asked,) = desk.check(other, HERE)
    desk.port.remove(other)
    assert not desk.port._asked
    desk.answer(asked, HERE)
    assert desk.whose(HERE) is owner
    desk.check(other := desk.join("other"), HERE)
    desk.port.rename(other, ("other", OURS))
    desk.answer(asked, HERE)
    assert desk.whose(HERE) is owner


Step = tuple[str, str, Address, float]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("check", "nominate", "join", "leave", "answer")),
            st.sampled_from(("first", "second", "third")),
            st.sampled_from((HERE, THERE, ELSEWHERE)),
            st.sampled_from((0.01, ASK_AGAIN_S, 1.0, HELD_S + 0.1)),
        ),
        max_size=60,
    )
)
def test_whatever_is_claimed_who_is_heard_keeps_what_is_his(steps: list[Step]) -> None:
    """One peer is heard all the time; nobody else can read what is asked at its address."""
    with kernel.open_port("127.0.0.1", 0) as sock:
        desk = open_desk(sock)
        owner, others = desk.join("owner", HERE), {name: desk.join(name) for name in ("first", "second", "third")}
        asked: list[tuple[Peer, stun.Request, Address]] = []
        for what, name, place, passed in steps:
            desk.now += passed
            owner.came_from = HERE
            owner.heard(desk.now)
            peer = others[name]
            if what == "leave":
                desk.port.remove(peer)
            elif what == "join":
                desk.port.remove(peer)
                others[name] = desk.join(name, place if place != HERE and desk.whose(place) is None else None)
            elif what == "answer":
                for one, question, there in asked:
                    if one is peer:
                        desk.answer(question, there)
            elif desk.port._by_ufrag.get(peer.ufrag) is peer:
                came = desk.check(peer, place, nominate=what == "nominate")
                asked += [(peer, question, place) for question in came if place != HERE]
            assert desk.whose(HERE) is owner
        routed = desk.port._by_address
        living = list(desk.port._by_ufrag.values())
        assert all(peer in living and address in peer.addresses for address, peer in routed.items())
        for peer in living:
            desk.port.remove(peer)
        assert not routed
        assert not desk.port._before
