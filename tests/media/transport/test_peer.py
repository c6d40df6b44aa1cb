"""Where a peer is, when it is gone, and how many a studio takes."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.fanout.fanout import Fanout
from media.fanout.lane import LaneKey
from media.programme.parties import Publisher, Viewer
from media.programme.studio import IDLE_LIMIT_S, MAX_PROGRAMMES, MAX_SOURCES, Studio, TooMany
from media.programme.track import Track
from media.transport import kernel, srtp, stun
from media.transport.peer import (
    ASK_AGAIN_S,
    DESERTED_AFTER_S,
    HALF_OPEN_LIMIT_S,
    MAX_ADDRESSES,
    SILENCE_LIMIT_S,
    UNPROVED_LIMIT_S,
    Peer,
)
from media.wire import rtcp
from media.wire.fingerprint import Fingerprint

Step = tuple[str, kernel.Address, float]


def about(name: str = "p", number: int = 1) -> dict[str, Any]:
    mark = Fingerprint("sha-256", "AB")
    return {
        "number": number, "session": f"session-{number}", "studio": "s", "name": name,
        "fingerprint": mark, "now": 0.0, "since": 0.0,
    }  # fmt: skip


def address(port: int) -> kernel.Address:
    return kernel.raw_address("192.0.2.1", port)


def test_the_nominated_address_is_the_peers() -> None:
    peer = Peer(**about())
    assert peer.checked(address(1), False, 0.0)  # something is better than nothing
    assert not peer.checked(address(2), False, 0.0)
    assert peer.checked(address(2), True, 0.0)
    assert not peer.checked(address(1), False, 0.0)
    assert peer.address == address(2)
    assert peer.checked(address(3), True, 0.0)
    assert peer.address == address(3)


def test_addresses_are_bounded_and_the_oldest_goes() -> None:
    peer = Peer(**about())
    for port in range(1, 50):
        peer.checked(address(port), True, float(port))
    assert set(peer.addresses) == {address(port) for port in range(50 - MAX_ADDRESSES, 50)}


def test_a_peer_goes_that_is_silent_or_gets_nowhere() -> None:
    peer = Peer(**about())
    assert not peer.over(UNPROVED_LIMIT_S)
    assert peer.over(UNPROVED_LIMIT_S + 0.1)
    peer.checked(address(1), True, 10.0)
    assert not peer.over(HALF_OPEN_LIMIT_S)
    peer.checked(address(1), True, 20.0)
    assert peer.over(HALF_OPEN_LIMIT_S + 0.1)  # its checks alone do not keep it
    peer.agree(srtp.Keys(srtp.GCM, bytes(28), bytes(28)))
    assert not peer.over(20.0 + SILENCE_LIMIT_S)
    assert peer.over(20.1 + SILENCE_LIMIT_S)


def test_only_what_comes_from_where_we_send_keeps_a_peer() -> None:
    """Consent (RFC 7675): what comes from elsewhere does not let us send on to an address gone silent."""
    peer = Peer(**about())
    peer.checked(address(1), True, 0.0)
    peer.agree(srtp.Keys(srtp.GCM, bytes(28), bytes(28)))
    for second in range(1, int(SILENCE_LIMIT_S) + 1):
        assert not peer.over(float(second))
        peer.checked(address(2), False, float(second))
        peer.came_from = address(3)
        peer.heard(float(second))
    assert peer.over(SILENCE_LIMIT_S + 0.1) == "silent"
    peer.came_from = address(1)
    peer.heard(SILENCE_LIMIT_S)  # a report of its is as good as a check
    assert not peer.over(2 * SILENCE_LIMIT_S)
    there = address(2)
    assert not peer.checked(there, True, 2 * SILENCE_LIMIT_S)  # anybody may have written its sender
    peer.remote = ("theirs", b"password")
    asked = stun.parse(peer.question(there, True, 2 * SILENCE_LIMIT_S) or b"")
    assert peer.question(there, True, 2 * SILENCE_LIMIT_S + ASK_AGAIN_S / 2) is None  # it costs him little
    for password, place in ((b"another", there), (b"password", address(3))):
        assert not peer.answered(stun.parse(stun.response(asked, place, password)), place, 2 * SILENCE_LIMIT_S)
    answer = stun.parse(stun.response(asked, there, b"password"))
    assert peer.answered(answer, there, 2 * SILENCE_LIMIT_S)
    assert peer.address == there
    assert not peer.over(3 * SILENCE_LIMIT_S)


FIRST, HONEST, VICTIM = (address(port) for port in (1, 2, 3))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("check", "nominate", "media", "answer", "answer elsewhere")),
            st.sampled_from((FIRST, HONEST, VICTIM)),
            st.sampled_from((0.01, ASK_AGAIN_S, 1.0, DESERTED_AFTER_S + 0.1)),
        ),
        max_size=40,
    )
)
def test_whatever_comes_media_goes_to_nobody_who_did_not_answer(steps: list[Step]) -> None:
    """All may say that they send from anywhere; only what is asked of the victim is not for others to read."""
    peer = Peer(**about())
    peer.remote = ("theirs", b"password")
    peer.checked(FIRST, True, 0.0)
    peer.agree(srtp.Keys(srtp.GCM, bytes(28), bytes(28)))
    read: list[tuple[stun.Request, kernel.Address]] = []
    now, asked_at = 0.0, -1.0
    for kind, place, passed in steps:
        now += passed
        peer.came_from = place
        if kind in ("check", "nominate"):
            assert not peer.checked(place, kind == "nominate", now)
        elif kind == "media":
            peer.heard(now)
        else:
            for asked, asked_there in read:
                source = asked_there if kind == "answer" else place
                answer = stun.parse(stun.response(asked, source, b"password"))
                assert not peer.answered(answer, source, now) or source == asked_there
        question = peer.question(place, kind == "nominate", now)
        if question is not None:
            assert now - asked_at >= ASK_AGAIN_S
            asked_at = now
            if place != VICTIM:
                read.append((stun.parse(question), place))
        assert peer.address != VICTIM


def test_a_lost_connection_makes_room_for_any_other_way() -> None:
    peer = Peer(**about())
    peer.checked(kernel.stream_address(address(1), 7), True, 0.0)
    assert peer.transport == "tcp"
    assert not peer.checked(address(2), False, 1.0)
    peer.left(kernel.stream_address(address(1), 7))
    assert peer.checked(address(2), False, 2.0)
    assert peer.transport == "udp"


def test_the_clock_offset_takes_the_quickest_report() -> None:
    source = Publisher(**about(), codecs={}, layers=(Track(90_000),))
    assert source.video is not None
    source.video.ssrc = 5
    for sent, delay in ((100.0, 0.05), (101.0, 0.01), (102.0, 0.2)):
        report = rtcp.SenderReport(5, rtcp.ntp(sent), 0, 0, 0)
        source.read_report(report, sent, sent + 7 + delay)
    assert source.clock_offset_s == pytest.approx(7.0105, abs=0.001)


@pytest.fixture
def studio() -> Iterator[Studio]:
    sock = kernel.open_port("127.0.0.1", 0)
    yield Studio("s", Fanout(sock), 0.0)
    sock.close()


def test_a_studio_has_bounds(studio: Studio) -> None:
    for number in range(MAX_SOURCES):
        studio.add_source(Publisher(**about(f"p{number}", number), codecs={}))
    with pytest.raises(TooMany):
        studio.add_source(Publisher(**about("one more", 9999), codecs={}))
    again = Publisher(**about("p0", 10_000), codecs={})
    before = studio.add_source(again)
    assert before is not None
    assert before.number == 0
    studio.remove_source(before)  # it was replaced: the new one stays
    assert studio.sources["p0"] is again
    for number in range(MAX_PROGRAMMES):
        studio.programme(f"q{number}")
    with pytest.raises(TooMany):
        studio.programme("one more")


def test_a_studio_is_idle_when_nobody_was_there_for_long(studio: Studio) -> None:
    lane = LaneKey("", (), 0, True, 1)
    viewer = Viewer(**about(), programme="main", lane=lane)
    studio.add_viewer(viewer)
    assert not studio.is_idle(10 * IDLE_LIMIT_S)
    studio.remove_viewer(viewer)
    assert not studio.is_idle(10 * IDLE_LIMIT_S + 1)
    assert studio.is_idle(11 * IDLE_LIMIT_S + 1)
    assert studio.snapshot()["viewers"] == []
