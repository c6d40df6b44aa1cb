"""A viewer that loses every twelfth packet gets all of them in the end, in either profile, by RTX and without."""

import random

import pytest

from media.fanout.slot import unwrap
from media.transport import srtp
from media.wire import rtcp, rtp
from tests.media.hall import Hall


@pytest.mark.parametrize("repairs", [{}, {96: 97}], ids=["again", "rtx"])
@pytest.mark.parametrize("profile", srtp.PROFILES, ids=lambda p: p.name)
def test_what_is_lost_is_repaired(profile: srtp.Profile, repairs: dict[int, int]) -> None:
    hall, chance = Hall(), random.Random(3)
    camera = hall.camera("a", layers=1)
    hall.stage("a")
    # Past a turn of the numbers, and the receiver is there well before it.
    hall.programme.video.slot.highest = 0xFFFF - 600
    screen = hall.join("tv", profile, repairs=repairs)
    got: dict[int, bytes] = {}
    newest, lost = 0xFFFF - 600, 0
    for number in range(300):
        camera.frame(key=number == 0, packets=5)
        hall.now += 1 / 30
        for datagram in screen.datagrams():
            if rtp.is_rtcp(datagram):
                continue
            if chance.random() < 1 / 12 and number < 290:
                lost += 1
                continue
            packet = rtp.parse(screen._receiver.unprotect(datagram))
            again, payload = packet.sequence, packet.payload
            if packet.ssrc == hall.programme.repair_ssrc:
                again, payload = int.from_bytes(payload[:2], "big"), payload[2:]
            extended = unwrap(again, newest)
            newest = max(newest, extended)
            assert got.setdefault(extended, payload) == payload
        holes = [n & 0xFFFF for n in range(max(0xFFFF - 599, newest - 60), newest) if n not in got]
        if holes:
            hall.hear(screen, rtcp.nack(1, hall.programme.video.slot.ssrc, holes))
    hall.close()
    assert lost > 80
    assert screen.viewer.repaired >= 80
    assert sorted(got) == list(range(0xFFFF - 599, 0xFFFF - 599 + 1500))
