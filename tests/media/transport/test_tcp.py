"""ICE-TCP: sites whose firewall eats UDP, by hand and as real Chromium; strangers and the slow disturb nobody."""

import asyncio
import os
import re
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from media.transport import stun
from media.transport.frames import frame
from media.wire import rtp
from tests.media import browser
from tests.media.browser import decoded, energy, open_page, until, way
from tests.media.running import RunningRelay, children, healthy, metric, speaking_with, start_relay
from tests.media.site import DELTA, KEY_FRAME, Site, TcpSite

MakeSite = Callable[..., Site]


@pytest.fixture
async def site(relay: RunningRelay) -> AsyncIterator[MakeSite]:
    sites: list[Site] = []

    def make(peer: str, kind: type[Site] = TcpSite, **more: Any) -> Site:
        sites.append(kind(relay, peer, **more))
        return sites[-1]

    yield make
    for one in sites:
        one.close()


async def on_air(relay: RunningRelay, source: Site, *viewers: Site) -> None:
    await relay.stage("source", "source")
    for viewer in viewers:
        await viewer.join()
    await source.join(publish=True)
    source.send_rtp(rtp.Packet(96, True, 100, 9000, 5, KEY_FRAME))
    for viewer in viewers:
        assert len((await viewer.next_rtp()).payload) == len(KEY_FRAME)


def delta(number: int) -> rtp.Packet:
    return rtp.Packet(96, True, 100 + number, 9000 + 3000 * number, 5, DELTA)


async def test_the_answer_ranks_tcp_below_udp(relay: RunningRelay, site: MakeSite) -> None:
    one = await site("one").offer()
    found = re.findall(r"a=candidate:(\S+) 1 (udp|tcp) (\d+) \S+ (\d+) typ host(.*)", one.answer)
    (_, first, udp_priority, udp_port, _), (_, second, tcp_priority, tcp_port, more) = found[:2]
    assert (first, int(udp_port)) == ("udp", relay.udp[0])
    assert (second, int(tcp_port), more.strip()) == ("tcp", relay.tcp[0], "tcptype passive")
    assert int(udp_priority) > int(tcp_priority)
    assert len({foundation for foundation, *_ in found[:2]}) == 2


async def test_both_ways_over_tcp(relay: RunningRelay, site: MakeSite) -> None:
    source, viewer, other = site("source"), site("viewer"), site("other", Site)
    await on_air(relay, source, viewer, other)
    for number in range(1, 4):
        source.send_rtp(delta(number))
        for one in (viewer, other):
            assert (await one.next_rtp()).marker
    ways = {v["peer"]: v["over"] for v in (await relay.state())["viewers"]}
    assert ways == {"viewer": "tcp", "other": "udp"}


async def test_a_mapped_address_is_told_over_tcp_too(relay: RunningRelay, site: MakeSite) -> None:
    one = await site("one").offer()
    answer = await one.check()
    assert answer.kind == stun.BINDING_RESPONSE
    assert stun.proves(answer, one.password.encode())


async def test_a_site_goes_from_udp_to_tcp_and_back(relay: RunningRelay, site: MakeSite) -> None:
    source, viewer = site("source", Site), site("viewer", Site)
    await on_air(relay, source, viewer)
    for number, kind in enumerate((TcpSite, Site, TcpSite), 1):
        line = site("viewer", kind)
        line.ufrag, line.password, line.receiver = viewer.ufrag, viewer.password, viewer.receiver
        line.remote = ("127.0.0.1", relay.tcp[0] if kind is TcpSite else relay.udp[0])
        if isinstance(line, TcpSite):
            line.connect()
        line.is_doubted = kind is Site
        await line.check()
        source.send_rtp(delta(number))
        assert (await line.next_rtp()).marker
        assert (await relay.state())["viewers"][0]["over"] == ("tcp" if kind is TcpSite else "udp")


async def test_a_broken_connection_is_followed_by_another(relay: RunningRelay, site: MakeSite) -> None:
    source, viewer = site("source"), site("viewer")
    await on_air(relay, source, viewer)
    viewer.move()
    await viewer.check()
    source.move()
    await source.check(nominate=False)  # the nominated one is gone: any proved one is better
    source.send_rtp(delta(1))
    assert (await viewer.next_rtp()).marker


async def test_a_deleted_session_hears_the_alert_and_the_line_is_cut(relay: RunningRelay, site: MakeSite) -> None:
    viewer = await site("viewer").join()
    headers = relay.headers("watch", "viewer", "main")
    async with relay.http.delete(relay.url + viewer.location, headers=headers) as answer:
        assert answer.status == 200
    while (await viewer.receive())[0] != 21:  # a DTLS alert
        pass
    with pytest.raises(ConnectionError):
        await viewer.receive(10)


async def test_strangers_are_cut_off(relay: RunningRelay, site: MakeSite) -> None:
    one = await site("one").offer()
    await one.check()
    request = stun.request(os.urandom(12), f"{one.ufrag}:site", b"not the password", nominate=True)
    began = time.monotonic()
    silent = site("silent")
    silent.remote = one.remote
    silent.connect()
    for words in (frame(request) * 60, b"\xff\xff" + bytes(100), b"GET / HTTP/1.1\r\n\r\n"):
        stranger = site("stranger")
        stranger.remote = one.remote
        stranger.connect()
        stranger.socket.sendall(words)
        with pytest.raises(ConnectionError):
            await stranger.receive(4)
    with pytest.raises(ConnectionError):
        await silent.receive(10)
    assert 4 < time.monotonic() - began < 10
    await one.check()  # who proves himself stays


async def test_a_host_of_strangers_is_bounded(relay: RunningRelay, site: MakeSite) -> None:
    source, viewer = site("source"), site("viewer")
    await on_air(relay, source, viewer)
    refused = await metric(relay, 'media_tcp_refused{worker="0"}')
    strangers = []
    for _ in range(40):
        sock = socket.socket()
        sock.connect(source.remote)
        strangers.append(sock)
    async with asyncio.timeout(10):
        while await metric(relay, 'media_tcp_refused{worker="0"}') < refused + 8:
            pass
    assert await metric(relay, 'media_tcp_strangers{worker="0"}') <= 32
    source.send_rtp(delta(1))
    assert (await viewer.next_rtp()).marker
    for sock in strangers:
        sock.close()
    async with asyncio.timeout(10):
        while await metric(relay, 'media_tcp_strangers{worker="0"}'):
            pass


async def test_who_does_not_read_disturbs_nobody(relay: RunningRelay, site: MakeSite) -> None:
    source, slow, keen, far = site("source"), site("slow"), site("keen"), site("far", Site)
    slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    await on_air(relay, source, slow, keen, far)
    picture = DELTA + os.urandom(1100)
    dropped = await metric(relay, 'media_tcp_dropped{worker="0"}')
    sent = 0
    while await metric(relay, 'media_tcp_dropped{worker="0"}') < dropped + 50:
        for _ in range(20):
            sent += 1
            source.send_rtp(rtp.Packet(96, True, 100 + sent, 9000 + 3000 * sent, 5, picture))
            for one in (keen, far):
                assert len((await one.next_rtp()).payload) == len(picture)
        assert sent < 2000
    # What the slow one has is whole pictures, in order, with a hole; it goes on when it reads.
    numbers = []
    while len(numbers) < sent - 50:
        try:
            numbers.append((await slow.next_rtp(1)).sequence)
        except TimeoutError:
            break
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    sent += 1
    source.send_rtp(rtp.Packet(96, True, 100 + sent, 9000 + 3000 * sent, 5, picture))
    assert ((await slow.next_rtp()).sequence - numbers[-1]) & 0xFFFF > 1


@pytest.fixture
async def own_relay() -> AsyncIterator[RunningRelay]:
    """A relay for a test that hurts it; IPv6 and IPv4 on one port."""
    started = start_relay("--udp", "[::]:0", "--tcp", "[::]:0", "--announce", "127.0.0.1,::1")
    async with speaking_with(started) as relay:
        yield relay
    started.stop()


async def test_both_families_share_a_port_and_a_new_worker_takes_it(own_relay: RunningRelay) -> None:
    relay = own_relay
    await _try_both_families(relay)
    (worker,) = children(relay)
    os.kill(worker, signal.SIGKILL)
    async with asyncio.timeout(15):
        while children(relay) in ([], [worker]) or not await healthy(relay):
            pass
    await _try_both_families(relay)


async def _try_both_families(relay: RunningRelay) -> None:
    viewers = [TcpSite(relay, "four", "127.0.0.1"), TcpSite(relay, "six", "::1")]
    source = TcpSite(relay, "source", "::1")
    try:
        await on_air(relay, source, *viewers)
    finally:
        for one in (source, *viewers):
            one.close()


@pytest.mark.browser
async def test_chromium_without_udp(relay: RunningRelay) -> None:
    await relay.stage("camera", "camera")
    async with open_page("--webrtc-ip-handling-policy=disable_non_proxied_udp") as page:
        await browser.publish(relay, page, "camera")
        await browser.watch(relay, page, "tv")
        seen = await until(page, "sub", lambda r: decoded(r) > 20 and energy(r) > 0)
        assert way(seen)[1]["protocol"] == "tcp"
        assert way(await until(page, "pub", bool))[1]["protocol"] == "tcp"


@pytest.mark.browser
async def test_chromium_with_an_answer_of_tcp_only(relay: RunningRelay) -> None:
    await relay.stage("camera", "camera")
    async with open_page() as page:
        await browser.publish(relay, page, "camera", only="tcp")
        await browser.watch(relay, page, "tv", only="tcp")
        seen = await until(page, "sub", lambda r: decoded(r) > 20 and energy(r) > 0)
        assert way(seen)[1]["protocol"] == "tcp"
        (viewer,) = (await relay.state())["viewers"]
        assert viewer["over"] == "tcp"
