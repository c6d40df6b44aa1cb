"""The UDP port step by step with a peer made by hand: what is answered, what is not, and what survives."""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from OpenSSL import SSL

from media.transport import kernel, stun
from media.wire import rtcp, rtp
from tests.media.hose import Hose, garbage
from tests.media.running import RunningRelay, children, healthy, metric, speaking_with, start_relay
from tests.media.site import DELTA, KEY_FRAME, Site

MakeSite = Callable[..., Site]


@pytest.fixture
async def site(relay: RunningRelay) -> AsyncIterator[MakeSite]:
    sites: list[Site] = []

    def make(peer: str, **more: Any) -> Site:
        sites.append(Site(relay, peer, **more))
        return sites[-1]

    yield make
    for one in sites:
        one.close()


async def on_air(relay: RunningRelay, site: MakeSite) -> tuple[Site, Site]:
    """A source whose picture is on air and a viewer who has its key frame."""
    await relay.stage("source", "source")
    viewer = await site("viewer").join()
    source = await site("source").join(publish=True)
    source.send_rtp(rtp.Packet(96, True, 100, 9000, 5, KEY_FRAME))
    assert len((await viewer.next_rtp()).payload) == len(KEY_FRAME)
    return source, viewer


async def test_no_certificate_before_a_proved_check(relay: RunningRelay, site: MakeSite) -> None:
    one = await site("one").offer()
    one.send(one.client_hello())
    assert await one.silent()
    with pytest.raises(TimeoutError):
        await one.check(password="not the password of the answer")
    one.send(one.client_hello())
    assert await one.silent()
    answer = await one.check()
    assert answer.kind == stun.BINDING_RESPONSE
    assert stun.proves(answer, one.password.encode())
    one.send(one.client_hello())
    assert (await one.receive())[0] == 22
    assert (await one.check(controlled=True)).kind == stun.BINDING_ERROR


async def test_a_certificate_that_is_not_the_offers_is_refused(relay: RunningRelay, site: MakeSite) -> None:
    await relay.stage("source")
    one = await site("one").offer(fingerprint=":".join(["AB"] * 32))
    await one.check()
    await one.shake_hands()  # our side finishes; the relay's judgement comes after it
    with pytest.raises(SSL.ZeroReturnError):
        one.ssl.recv(100)
    assert (await relay.state())["viewers"] == []


async def test_a_site_changes_its_line_without_a_handshake(relay: RunningRelay, site: MakeSite) -> None:
    source, viewer = await on_air(relay, site)
    viewer.move()
    await viewer.check()
    source.send_rtp(rtp.Packet(96, True, 101, 12000, 5, DELTA))
    assert (await viewer.next_rtp()).marker
    source.move()
    await source.check()
    source.send_rtp(rtp.Packet(96, True, 102, 15000, 5, DELTA))
    assert (await viewer.next_rtp()).marker


async def test_who_nominates_no_more_is_followed_when_its_line_is_silent(
    relay: RunningRelay, site: MakeSite
) -> None:
    """As aioice's consent checks do it, when a NAT has given the site another address."""
    source, viewer = await on_air(relay, site)

    async def follow(one: Site) -> None:
        one.move()
        for _ in range(8):
            await one.check(nominate=False)
            try:
                await one.answer_check()
            except TimeoutError:  # it is not yet asked
                continue
            return

    await asyncio.gather(follow(source), follow(viewer))
    source.send_rtp(rtp.Packet(96, True, 101, 12000, 5, DELTA))
    assert (await viewer.next_rtp()).marker
    assert (await source.next_rtcp(rtcp.Remb)).media == (5,)


async def test_a_page_that_is_loaded_again_takes_its_own_place(relay: RunningRelay, site: MakeSite) -> None:
    """The same socket, or port of a NAT, under a new session while the old one still stands."""
    source, viewer = await on_air(relay, site)
    again = site("viewer")
    again.socket.close()
    again.socket = viewer.socket
    again.is_doubted = True
    await again.join()
    assert len((await again.next_rtp()).payload) == len(KEY_FRAME)
    again.send_rtcp(rtcp.receiver_report(rtcp.ReceiverReport(1)) + rtcp.picture_loss(1, again.ssrcs[0]), 1)
    assert (await source.next_rtcp(rtcp.KeyFrameRequest)).media == 5  # what comes from there is the new one's


async def test_ice_restart_keeps_the_media(relay: RunningRelay, site: MakeSite) -> None:
    source, viewer = await on_air(relay, site)
    fragment = f"a=ice-ufrag:site\r\na=ice-pwd:{'n' * 22}\r\n"
    headers = relay.headers("watch", "viewer", "main") | {"Content-Type": "application/trickle-ice-sdpfrag"}
    url = relay.url + viewer.location
    async with relay.http.patch(url, data=fragment, headers=headers | {"If-Match": "*"}) as answer:
        assert answer.status == 200
        text = await answer.text()
    with pytest.raises(TimeoutError):
        await viewer.check()  # the old password
    viewer.ufrag = text.split("a=ice-ufrag:")[1].split("\r\n")[0]
    viewer.password = text.split("a=ice-pwd:")[1].split("\r\n")[0]
    viewer.own_password = "n" * 22
    viewer.move()
    await viewer.check()
    source.send_rtp(rtp.Packet(96, True, 101, 12000, 5, DELTA))
    assert (await viewer.next_rtp()).marker


async def test_who_says_that_he_is_elsewhere_has_to_answer_there(relay: RunningRelay, site: MakeSite) -> None:
    """Checks in a victim's name bring him no media, however many; and the peer gets it on where it is."""
    source, viewer = await on_air(relay, site)
    viewer.answers = False
    with kernel.open_port("127.0.0.1", 0) as victim:
        name = f"{viewer.ufrag}:site"
        for number in range(30):
            for nominate in (True, False):
                spoofed = stun.request(os.urandom(12), name, viewer.password.encode(), nominate=nominate)
                victim.sendto(spoofed, viewer.remote)
            guess = stun.request(os.urandom(12), "x:y", b"x")  # an answer to nothing that was asked
            forged = stun.response(
                stun.parse(guess), kernel.raw_address("127.0.0.1", 9), viewer.own_password.encode()
            )
            victim.sendto(forged, viewer.remote)
            source.send_rtp(rtp.Packet(96, True, 101 + number, 12000 + 3000 * number, 5, DELTA))
            assert (await viewer.next_rtp()).marker
        inbox = kernel.Inbox(victim)
        came = [datagram for _ in range(3) for datagram, _ in inbox.receive()]
    assert came
    assert all(stun.is_stun(datagram) for datagram in came)
    asked = [d for d in came if stun.parse(d).kind == stun.BINDING_REQUEST]
    assert 0 < len(asked) <= 8 * 30


async def test_a_flood_of_garbage_disturbs_nobody(relay: RunningRelay, site: MakeSite) -> None:
    source, viewer = await on_air(relay, site)
    stranger = site("stranger")
    stranger.remote = source.remote
    for number in range(300):
        for _ in range(20):
            stranger.send(os.urandom(1 + number % 200))
        source.send(os.urandom(60))  # from a known address too
        source.send(b"\x80\x60" + os.urandom(80))
        source.send_rtp(rtp.Packet(96, True, 101 + number, 12000 + 3000 * number, 5, DELTA))
        await asyncio.sleep(0)
        assert (await viewer.next_rtp()).marker
    assert await metric(relay, 'media_received_total{worker="0",kind="unknown"}') > 1000
    assert await metric(relay, 'media_received_total{worker="0",kind="malformed"}') > 0
    assert len((await relay.state())["sources"]) == 1


@pytest.mark.timeout(60)
async def test_a_flood_beyond_what_can_be_read_leaves_the_programme_whole(own_relay: RunningRelay) -> None:
    relay, sites = own_relay, []
    strange, known = garbage("none")
    stop = threading.Event()
    try:
        await relay.stage("source")
        viewer, source = Site(relay, "viewer"), Site(relay, "source")
        sites += [viewer, source]
        await viewer.join()
        await source.join(publish=True)
        strangers = [Site(relay, "stranger") for _ in range(4)]
        sites += strangers
        for one in strangers:
            one.socket.connect(source.remote)
        hoses = [Hose(one.socket, strange) for one in strangers]
        resident = rss_kb(relay)
        flood = threading.Thread(target=lambda: [h.spray() for _ in iter(stop.is_set, True) for h in hoses])
        flood.start()
        first = 0
        try:
            for number in range(200):
                if number % 10 == 0:
                    for bad in known:  # from its own address too
                        source.send(bad)
                payload = KEY_FRAME if number == 0 else DELTA
                source.send_rtp(rtp.Packet(96, True, 100 + number, 9000 + 3000 * number, 5, payload))
                packet = await viewer.next_rtp(10)
                first = packet.sequence if number == 0 else first
                assert (packet.sequence - first) & 0xFFFF == number
        finally:
            stop.set()
            await asyncio.to_thread(flood.join)
        assert await metric(relay, 'media_received_total{worker="0",kind="unknown"}') > 1000
        assert rss_kb(relay) < resident + 16_000
    finally:
        for one in sites:
            one.close()


def rss_kb(relay: RunningRelay) -> int:
    pids = [relay.process.pid, *children(relay)]
    status = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
    return sum(int(text.partition("VmRSS:")[2].split()[0]) for text in status)


async def test_a_publisher_is_asked_for_what_is_missing(relay: RunningRelay, site: MakeSite) -> None:
    source, viewer = await on_air(relay, site)
    source.send_rtp(rtp.Packet(96, True, 103, 18000, 5, DELTA))
    nack = await source.next_rtcp(rtcp.Nack)
    assert nack.lost == (101, 102)
    assert nack.media == 5
    first = await viewer.next_rtp()
    source.send_rtp(rtp.Packet(96, True, 101, 12000, 5, DELTA))
    late = await viewer.next_rtp()
    assert (first.sequence - late.sequence) & 0xFFFF == 2
    remb = await source.next_rtcp(rtcp.Remb)
    assert 2_400_000 < remb.bitrate_bps <= 2_500_000


@pytest.mark.parametrize("again", ["a=rtcp-fb:111 nack\n", ""], ids=["sends again", "does not"])
async def test_a_publisher_is_asked_for_lost_sound_if_it_sends_again(
    relay: RunningRelay, site: MakeSite, again: str
) -> None:
    await relay.stage(None, "source")
    viewer = await site("viewer").join()
    source = await site("source").join(publish=True, more=again)
    for number in (1, 3):
        source.send_rtp(rtp.Packet(111, False, number, 960 * number, 6, b"sound"))
    first, third = await viewer.next_rtp(), await viewer.next_rtp()
    if not again:
        with pytest.raises(TimeoutError):
            await source.next_rtcp(rtcp.Nack, 0.3)
        return
    nack = await source.next_rtcp(rtcp.Nack)
    assert (nack.media, nack.lost) == (6, (2,))
    source.send_rtp(rtp.Packet(111, False, 2, 1920, 6, b"late"))
    late = await viewer.next_rtp()
    assert late.payload == b"late"
    assert [(p.sequence - first.sequence) & 0xFFFF for p in (late, third)] == [1, 2]


async def test_wishes_for_key_frames_are_merged(relay: RunningRelay, site: MakeSite) -> None:
    source, viewer = await on_air(relay, site)
    pictures = viewer.ssrcs[0]
    for index in range(40):
        viewer.send_rtcp(rtcp.receiver_report(rtcp.ReceiverReport(1)) + rtcp.picture_loss(1, pictures), index)
    wish = await source.next_rtcp(rtcp.KeyFrameRequest)
    assert wish.media == 5
    with pytest.raises(TimeoutError):
        await source.next_rtcp(rtcp.KeyFrameRequest, 0.3)


async def test_a_joiner_gets_the_kept_key_frame(relay: RunningRelay, site: MakeSite) -> None:
    source, viewer = await on_air(relay, site)
    source.send_rtp(rtp.Packet(96, True, 101, 12000, 5, DELTA))
    await viewer.next_rtp()
    late = await site("late").join()
    got = [await late.next_rtp(), await late.next_rtp()]
    assert rtp.starts_key_frame(rtp.Codec.VP8, got[0].payload)
    assert (got[1].sequence - got[0].sequence) & 0xFFFF == 1


async def test_a_frame_without_an_end_leaves_all_the_same(relay: RunningRelay, site: MakeSite) -> None:
    source, viewer = await on_air(relay, site)
    source.send_rtp(rtp.Packet(96, False, 101, 12000, 5, DELTA))
    assert not (await viewer.next_rtp()).marker


async def test_sender_reports_reach_viewers(relay: RunningRelay, site: MakeSite) -> None:
    _, viewer = await on_air(relay, site)
    report = await viewer.next_rtcp(rtcp.SenderReport)
    assert report.ssrc == viewer.ssrcs[0]
    assert report.packets == 1


async def test_a_viewer_cannot_publish(relay: RunningRelay, site: MakeSite) -> None:
    source, viewer = await on_air(relay, site)
    viewer.send_rtp(rtp.Packet(96, True, 500, 9000, 5, KEY_FRAME))
    source.send_rtp(rtp.Packet(96, True, 101, 12000, 5, DELTA))
    packet = await viewer.next_rtp()
    assert not rtp.starts_key_frame(rtp.Codec.VP8, packet.payload)


@pytest.fixture
async def own_relay() -> AsyncIterator[RunningRelay]:
    """A relay for tests that hurt it; IPv6 and IPv4 on one port."""
    started = start_relay("--udp", "[::]:0", "--announce", "127.0.0.1,::1")
    async with speaking_with(started) as relay:
        yield relay
    started.stop()


async def test_ipv6_and_ipv4_share_a_port_and_a_dead_worker_is_replaced(own_relay: RunningRelay) -> None:
    relay = own_relay
    await _try_both_families(relay)
    (worker,) = children(relay)
    os.kill(worker, signal.SIGKILL)
    async with asyncio.timeout(15):
        while children(relay) in ([], [worker]) or not await healthy(relay):
            pass
    assert (await relay.state())["viewers"] == []
    await _try_both_families(relay)


async def _try_both_families(relay: RunningRelay) -> None:
    sites = [Site(relay, "six", "::1"), Site(relay, "four", "127.0.0.1"), Site(relay, "source", "::1")]
    try:
        await relay.stage("source")
        for viewer in sites[:2]:
            await viewer.join()
        await sites[2].join(publish=True)
        sites[2].send_rtp(rtp.Packet(96, True, 100, 9000, 5, KEY_FRAME))
        for viewer in sites[:2]:
            assert (await viewer.next_rtp()).marker
    finally:
        for one in sites:
            one.close()
