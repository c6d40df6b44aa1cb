"""Repair: key-frame wishes are merged, gaps are asked for again, reports say what arrived."""

from hypothesis import given
from hypothesis import strategies as st

from media.fanout.fanout import Fanout
from media.fanout.slot import Clear
from media.programme.programme import Programme
from media.programme.repair import (
    NEVER,
    PICTURE,
    SOUND,
    Allowance,
    Gaps,
    KeyFrameWish,
    LinkQuality,
    Reception,
)
from media.transport import kernel
from media.wire import rtcp
from media.wire.rtp import Codec


def test_many_wishes_are_one_request_per_half_second() -> None:
    wish = KeyFrameWish()
    asked = []
    for tick in range(200):  # two seconds, a wish every 10 ms
        wish.wish()
        if wish.due(tick / 100):
            asked.append(tick)
    assert asked == [0, 50, 100, 150]
    wish.met()
    assert not wish.due(9.0)


def test_an_unmet_wish_is_asked_again() -> None:
    wish = KeyFrameWish()
    wish.wish()
    assert [wish.due(t) for t in (0.0, 0.4, 0.6, 0.7, 1.2)] == [True, False, True, False, True]


def test_gaps_are_asked_for_until_they_are_filled() -> None:
    gaps = Gaps()
    for sequence in (65533, 65534, 2, 1):
        gaps.arrived(sequence, 0.0)
    assert gaps.due(0.0) == []  # a moment for packets that are only late
    assert gaps.due(0.01) == [65535, 0]
    assert gaps.due(0.02) == []
    gaps.arrived(0, 0.03)
    asked = 1
    now = 0.01
    for _ in range(20):
        now += PICTURE.every_s + 0.001
        asked += gaps.due(now) == [65535]
    assert asked == PICTURE.times


def test_sound_is_asked_for_only_while_it_can_still_be_played() -> None:
    gaps = Gaps(SOUND)
    gaps.arrived(1, 0.0)
    gaps.arrived(3, 0.0)
    # As the packet loop looks, every 20 ms; a jitter buffer plays on after some 200 ms.
    asked = [tick * 0.02 for tick in range(100) if gaps.due(tick * 0.02)]
    assert len(asked) == 3
    assert asked[0] == 0.02
    assert asked[-1] < 0.2
    assert not gaps.waits


def test_who_does_not_send_again_is_not_asked() -> None:
    gaps = Gaps(NEVER)
    gaps.arrived(1, 0.0)
    gaps.arrived(9, 0.0)
    assert gaps.due(1.0) == []
    assert not gaps.waits


def test_a_torn_stream_is_not_asked_for() -> None:
    gaps = Gaps()
    gaps.arrived(1, 0.0)
    gaps.arrived(5000, 0.0)
    assert gaps.due(1.0) == []


def test_a_picture_is_kept_for_a_second_and_a_sound_for_half() -> None:
    with kernel.open_port("127.0.0.1", 0) as sock:
        programme = Programme("main", Fanout(sock))
    kept_s = [(cue, 1.0) for cue in programme.pictures] + [(cue, 0.5) for cue in programme.audio]
    assert len(kept_s) == 6
    for cue, seconds in kept_s:
        packet = Clear(70_000, 0, True, Codec.OPUS, b"", sent_at=8.0)
        cue.ring.put(packet)
        assert cue.ring.get(70_000 & 0xFFFF, 8.0 + seconds) is packet
        assert cue.ring.get(70_000 & 0xFFFF, 8.0 + seconds + 0.001) is None


@given(st.sets(st.integers(1, 250)), st.integers(0, 0xFFFF))
def test_reports_count_what_is_lost(lost: set[int], first: int) -> None:
    reception = Reception(90_000)
    for i in range(300):
        if i not in lost:
            reception.arrived((first + i) & 0xFFFF, i * 3000, 100, i / 30)
    report = reception.report(9, 10.0)
    assert report is not None
    assert report.lost == len(lost)
    assert report.highest == first + 299
    assert report.fraction_lost == min(255, len(lost) * 256 // 300)
    assert report.jitter <= 1
    assert report.delay == report.last_sr == 0


def test_reports_carry_the_time_since_the_senders() -> None:
    reception = Reception(90_000)
    assert reception.report(9, 0.0) is None
    reception.arrived(1, 1, 1, 0.0)
    reception.sender_report(0x1234_5678_9ABC_DEF0, 1.0)
    report = reception.report(9, 1.5)
    assert report is not None
    assert report.last_sr == 0x56789ABC
    assert report.delay == 0x8000


def test_link_quality_is_read_from_reports() -> None:
    quality = LinkQuality()
    now = rtcp.ntp(1_700_000_000.0)
    sent = rtcp.ntp(1_700_000_000.0 - 0.3)
    report = rtcp.Report(1, 64, 5, 9, 900, sent >> 16 & 0xFFFFFFFF, round(0.1 * 65536))
    quality.read(report, 90_000, now, 0.0)
    assert (quality.loss, quality.jitter_ms) == (0.25, 10.0)
    assert quality.rtt_ms is not None
    assert abs(quality.rtt_ms - 200) < 1


def test_loss_is_counted_over_a_second_however_often_reports_come() -> None:
    quality = LinkQuality()
    losses = []
    for tick in range(41):  # ten reports a second, every fifth packet is lost; most intervals look clean
        now, highest = tick / 10, 10 * tick + 0xFFF0
        fraction = 200 if tick % 5 == 4 else 0
        quality.read(rtcp.Report(1, fraction, highest // 5, highest, 0, 0, 0), 90_000, 0, now)
        losses.append(quality.loss)
    assert set(losses[10:]) == {0.2}
    # A source in silence sends three packets a second: one of them says nothing yet.
    for lost, highest, now in ((0, 403, 5.1), (1, 406, 6.1), (1, 409, 7.1), (1, 418, 10.2)):
        quality.read(rtcp.Report(1, 85, (400 + 0xFFF0) // 5 + lost, highest + 0xFFF0, 0, 0, 0), 90_000, 0, now)
    assert quality.loss == round(1 / 18, 4)
    # Another stream is counted by itself; repairs may make the count of losses fall.
    quality.read(rtcp.Report(2, 64, 7, 70, 0, 0, 0), 90_000, 0, 5.0)
    assert quality.loss == 0.25
    quality.read(rtcp.Report(2, 0, 3, 170, 0, 0, 0), 90_000, 0, 6.0)
    assert quality.loss == 0.0


def test_allowance_is_a_bucket() -> None:
    allowance = Allowance(10, 5)
    assert [allowance.take(0.0) for _ in range(7)] == [True] * 5 + [False] * 2
    assert allowance.take(0.1)
    assert not allowance.take(0.1)
