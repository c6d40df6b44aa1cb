"""A programme from relay to relay: one copy on each link, the next parent when one fails, and no circle."""

import asyncio
import contextlib
import itertools
import os
import random
import secrets
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from media import proof
from media.client import RelayClient
from media.relay.pulling import offer
from media.transport.dtls import Identity
from media.wire import rtcp, rtp
from media.wire.rtp import Packet
from tests.bench.machine import family
from tests.media.cascade.test_mirror import DELTA, KEY, Film, seat_of
from tests.media.peers import BLUE, GREEN, RED, Source, Watcher
from tests.media.running import RunningRelay, speaking_with, start_relay
from tests.media.site import Site

Start = Callable[..., Any]


class Net:
    """Relays of one key, each with its id; all are ended with the test."""

    def __init__(self, stack: contextlib.AsyncExitStack) -> None:
        self._stack = stack
        self._key = secrets.token_hex(32)
        self.studio = "s" + secrets.token_hex(4)
        self.cast: list[Any] = []

    async def relay(self, name: str, *words: str, key: str = "") -> RunningRelay:
        started = start_relay("--id", name, "--mirror-keep", "1", *words, key=key or self._key)
        self._stack.callback(_end, started)
        relay = await self._stack.enter_async_context(speaking_with(started))
        relay.studio = self.studio
        return relay

    async def source(self, relay: RunningRelay, peer: str, colour: Any, pitch_hz: int = 0) -> Source:
        one = Source(relay, peer)
        self.cast.append(one)
        return await one.start(colour, pitch_hz)

    async def watcher(self, relay: RunningRelay, peer: str, audio: int = 1) -> Watcher:
        one = Watcher(relay, peer, audio=audio)
        self.cast.append(one)
        return await one.start()

    async def site(self, relay: RunningRelay, peer: str, **offer: Any) -> Site:
        one = Site(relay, peer)
        self.cast.append(one)
        return await one.join(**offer)

    async def film(self, relay: RunningRelay, peer: str = "film") -> Film:
        made = Film(await self.site(relay, peer, publish=True))
        await relay.stage(peer)
        return made


def _end(started: Any) -> None:
    for pid in reversed(family(started.process.pid)):  # those that a test froze too
        os.kill(pid, signal.SIGCONT)
    started.stop()


@pytest.fixture
async def net() -> AsyncIterator[Net]:
    async with contextlib.AsyncExitStack() as stack:
        net = Net(stack)
        yield net
        await asyncio.gather(*(one.close() for one in net.cast if not isinstance(one, Site)))
        for one in net.cast:
            if isinstance(one, Site):
                one.close()


async def parents(relay: RunningRelay, *of: RunningRelay | str, status: int = 200) -> dict[str, Any]:
    path = f"{relay.url}/control/studios/{relay.studio}/programmes/main/parents"
    body = {"parents": [one if isinstance(one, str) else one.url for one in of]}
    async with relay.http.put(path, json=body, headers=relay.headers("control")) as answer:
        assert answer.status == status, await answer.text()
        return dict(await answer.json())


async def pulls_from(relay: RunningRelay, parent: RunningRelay | str | None, seconds: float = 15) -> None:
    """Wait until it does."""
    expected = parent.url if isinstance(parent, RunningRelay) else parent
    found: Any = ""
    try:
        async with asyncio.timeout(seconds):
            while True:
                found = (await relay.state())["programmes"]["main"].get("mirror")
                if found is not None and found["pulling"] == expected:
                    return
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"expected {expected}, found {found}") from None


async def pulling(relay: RunningRelay) -> str | None:
    found: str | None = (await relay.state())["programmes"]["main"]["mirror"]["pulling"]
    return found


async def has_relays(relay: RunningRelay, count: int, seconds: float = 15) -> None:
    """Wait until so many relays pull from it."""
    async with asyncio.timeout(seconds):
        while True:
            if len((await relay.state())["relays"]) == count:
                return
            await asyncio.sleep(0.02)


async def test_who_speaks_learns_what_is_lost_at_an_edge(net: Net) -> None:
    origin, edge = await net.relay("origin"), await net.relay("edge")
    speaker = await net.site(origin, "speaker", publish=True)
    await origin.stage(None, "speaker")
    await parents(edge, origin)
    viewer = await net.site(edge, "tv")
    await pulls_from(edge, origin)
    speaker.send_rtp(Packet(111, False, 7, 960, 5, b"sound"))
    assert (await viewer.next_rtp()).payload == b"sound"
    lost = rtcp.Report(viewer.ssrcs[0], 26, 0, 0, 0, 0, 0)
    viewer.send_rtcp(rtcp.receiver_report(rtcp.ReceiverReport(1, (lost,))), 1)
    told = await speaker.told_lost(5)
    assert (told.fraction_lost, told.lost) == (26, 0)


async def test_an_edge_shows_what_its_parent_shows(net: Net) -> None:
    origin, edge = await net.relay("origin"), await net.relay("edge")
    await net.source(origin, "centre", RED, 440)
    await net.source(origin, "hill", GREEN, 700)
    await origin.stage("centre", "centre", "hill")
    assert await parents(edge, origin) == {"parents": [origin.url], "pulling": None}
    viewer = await net.watcher(edge, "tv", audio=2)
    hill = await net.watcher(edge, "hill", audio=2)
    await viewer.until(lambda v: v.sees(RED) and v.hears(0) and v.hears(1))
    await hill.until(lambda v: v.hears(0))
    assert not hill.levels[1]  # he does not hear himself, though he speaks elsewhere
    await origin.stage("hill", "hill", "centre")
    await viewer.until(lambda v: v.sees(GREEN))
    await hill.until(lambda v: v.hears(1))
    assert viewer.descriptions == 1
    at_origin, at_edge = await origin.state(), await edge.state()
    assert at_origin["viewers"] == []
    (link,) = at_origin["relays"]  # one copy of the programme for two viewers
    assert link["peer"] == "relay:edge"
    assert link["rendition"] == "full"
    assert at_edge["programmes"]["main"]["on_air"] == {"video": "hill", "audio": ["hill", "centre", None]}
    assert at_edge["programmes"]["main"]["mirror"] == {"parents": [origin.url], "pulling": origin.url}
    assert {v["peer"] for v in at_edge["viewers"]} == {"tv", "hill"}


async def test_numbers_go_on_when_a_parent_dies(net: Net) -> None:
    first, second, edge = await net.relay("first"), await net.relay("second"), await net.relay("edge")
    films = [await net.film(first), await net.film(second)]
    films[1].sequence, films[1].timestamp = 60_000, 12
    await parents(edge, first, second)
    viewer = await net.site(edge, "tv")
    await pulls_from(edge, first)
    came: list[Packet] = []
    showing = asyncio.create_task(_show(films))
    try:
        while len(came) < 60:
            came.append(await viewer.next_rtp())
        last_at, pause_s = time.monotonic(), 0.0
        freeze(first)  # no word of farewell
        while len(came) < 240:
            came.append(await viewer.next_rtp(10))
            now = time.monotonic()
            last_at, pause_s = now, max(pause_s, now - last_at)
    finally:
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)
    await pulls_from(edge, second)
    assert len({p.ssrc for p in came}) == 1
    numbers = [p.sequence - came[0].sequence & 0xFFFF for p in came]
    assert numbers == list(range(len(numbers)))
    steps = [b.timestamp - a.timestamp & 0xFFFFFFFF for a, b in itertools.pairwise(came)]
    assert max(steps) < rtp.VIDEO_CLOCK_HZ * (pause_s + 1)
    assert 0.4 < pause_s < 3


def freeze(relay: RunningRelay) -> None:
    """Every process of it stands still, until the test ends."""
    for pid in family(relay.process.pid):
        os.kill(pid, signal.SIGSTOP)


async def _show(films: list[Film]) -> None:
    """Both sources send, each second a key frame."""
    for turn in itertools.count():
        for film in films:
            with contextlib.suppress(OSError):
                film.frame(DELTA if turn % 20 else KEY)
        await asyncio.sleep(0.05)


async def test_the_preferred_parent_is_taken_again_without_a_gap(net: Net) -> None:
    first, second, edge = await net.relay("first"), await net.relay("second"), await net.relay("edge")
    films = [await net.film(first), await net.film(second)]
    await parents(edge, "http://127.0.0.1:9/media", second)
    viewer = await net.site(edge, "tv")
    await pulls_from(edge, second)
    showing = asyncio.create_task(_show(films))
    try:
        came = [await viewer.next_rtp() for _ in range(30)]
        told = await parents(edge, first, second)  # the same relay serves until the better one shows something
        assert told["pulling"] == second.url
        await pulls_from(edge, first)
        came += [await viewer.next_rtp() for _ in range(120)]
    finally:
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)
    assert [p.sequence - came[0].sequence & 0xFFFF for p in came] == list(range(150))
    await has_relays(second, 0)  # and the one before is left


async def test_a_parent_that_shows_less_is_not_taken(net: Net) -> None:
    empty, second, edge = await net.relay("empty"), await net.relay("second"), await net.relay("edge")
    film = await net.film(second)
    await parents(edge, second)
    viewer = await net.site(edge, "tv")
    await pulls_from(edge, second)
    film.frame(KEY)
    await viewer.next_rtp()
    await parents(edge, empty, second)
    await has_relays(empty, 1)  # it was tried
    await has_relays(empty, 0)
    assert (await parents(edge, empty, second))["pulling"] == second.url


async def test_a_loss_between_relays_is_repaired(net: Net) -> None:
    """The edge's line loses a tenth of what comes; its viewers lose nothing."""
    origin, edge = await net.relay("origin"), await net.relay("edge")
    film = await net.film(origin)
    async with lossy(origin) as line:
        await parents(edge, line.url)
        viewer = await net.site(edge, "tv")
        await has_relays(origin, 1)
        showing = asyncio.create_task(_show([film]))
        try:
            while (await viewer.next_rtp()).payload[:2] != KEY or line.lost == 0:
                pass  # who joins in the middle of losses may begin with a gap
            came = [await viewer.next_rtp() for _ in range(400)]
        finally:
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)
    assert line.lost > 10
    numbers = {p.sequence - came[0].sequence & 0xFFFF for p in came}
    whole = set(range(max(numbers) - 20))
    assert len(whole - numbers) <= len(whole) // 200
    (link,) = (await origin.state())["relays"]
    assert link["repaired"] >= 10


async def test_a_key_frame_is_asked_for_through_the_edge(net: Net) -> None:
    origin, edge = await net.relay("origin"), await net.relay("edge")
    film = await net.film(origin)
    await parents(edge, origin)
    viewer = await net.site(edge, "tv")
    await pulls_from(edge, origin)
    film.frame(KEY)
    for _ in range(3):
        await viewer.next_rtp()
    viewer.send_rtcp(rtcp.picture_loss(1, viewer.ssrcs[0]), 1)
    wish = await film.site.next_rtcp(rtcp.KeyFrameRequest)
    assert wish.media == 77


async def test_a_circle_of_relays_is_refused(net: Net) -> None:
    one, two = await net.relay("one"), await net.relay("two")
    await parents(one, two)
    await parents(two, one)
    await net.site(one, "tv")
    await net.site(two, "tv")
    async with asyncio.timeout(15):
        while True:
            pulling = [(await r.state())["programmes"]["main"]["mirror"]["pulling"] for r in (one, two)]
            if pulling.count(None) >= 1 and any(pulling):
                break
            await asyncio.sleep(0.05)
    await parents(one, one)
    assert (await parents(one, one))["pulling"] in (None, two.url)  # itself is refused too


async def test_a_relay_that_has_it_from_us_is_refused_with_a_reason(net: Net) -> None:
    origin, edge = await net.relay("origin"), await net.relay("edge")
    await parents(edge, origin)
    await net.site(edge, "tv")
    await pulls_from(edge, origin)
    text = an_offer()

    async def ask(peer: str, relay: RunningRelay) -> int:
        headers = relay.headers("relay", peer, "main")
        return (await relay.post_offer(f"/whep/{relay.studio}/main", text, headers))[0]

    async with asyncio.timeout(10):
        while True:  # as soon as the edge was told the path
            if await ask("relay:origin", edge) == 409:
                break
            await asyncio.sleep(0.05)
    assert await ask("relay:edge", edge) == 409
    assert await ask("relay:third", edge) == 201


def an_offer() -> str:
    return offer("abcd", "p" * 24, Identity().fingerprint, 3)


async def test_tokens_of_relays_are_checked(net: Net) -> None:
    origin, stranger = await net.relay("origin"), await net.relay("stranger", key="k" * 64)
    path, text = f"/whep/{origin.studio}/main", an_offer()
    for headers, status in (
        (stranger.headers("relay", "relay:x", "main"), 401),
        (origin.headers("relay", "relay:x", "preview"), 403),
        (origin.headers("relay", "relay:x", "main", studio="else"), 403),
        (origin.headers("publish", "relay:x"), 403),
        (origin.headers("relay", "x", "main"), 401),
    ):
        assert (await origin.post_offer(path, text, headers))[0] == status
    whip = f"/whip/{origin.studio}"
    assert (await origin.post_offer(whip, text, origin.headers("relay", "relay:x", "main")))[0] == 403
    await parents(stranger, origin)
    viewer = await net.site(stranger, "tv")
    assert await viewer.silent()
    assert (await stranger.state())["programmes"]["main"]["mirror"]["pulling"] is None
    for bad in (["ftp://x"], ["http://a b"], [1], ["http://x"] * 9, "http://x"):
        url = f"{origin.url}/control/studios/{origin.studio}/programmes/main/parents"
        async with origin.http.put(url, json={"parents": bad}, headers=origin.headers("control")) as answer:
            assert answer.status == 400


async def test_a_mirror_that_nobody_watches_is_not_pulled(net: Net) -> None:
    origin, edge = await net.relay("origin"), await net.relay("edge")
    await net.source(origin, "centre", RED, 440)
    await origin.stage("centre", "centre")
    await parents(edge, origin)
    viewer = await net.watcher(edge, "tv")
    await viewer.until(lambda v: v.sees(RED))
    await viewer.close()
    await pulls_from(edge, None)
    assert (await origin.state())["relays"] == []
    again = await net.watcher(edge, "tv")
    await again.until(lambda v: v.sees(RED) and v.hears(0))
    assert await parents(edge) == {"parents": [], "pulling": None}
    await net.source(edge, "own", BLUE)
    await edge.stage("own")  # no mirror any more: what it has itself is shown
    await again.until(lambda v: v.sees(BLUE))


async def test_several_workers_at_the_edge_pull_once(net: Net) -> None:
    origin = await net.relay("origin", "--workers", "2", "--home-seats", "0")
    edge = await net.relay("edge", "--workers", "2", "--home-seats", "0")
    await net.source(origin, "centre", RED, 440)
    await origin.stage("centre", "centre")
    await parents(edge, origin)
    near, far = await net.watcher(edge, "near"), await net.watcher(edge, "centre")
    assert seat_of(near) != seat_of(far)
    await near.until(lambda v: v.sees(RED) and v.hears(0))
    await far.until(lambda v: v.sees(RED))
    assert not far.levels[0]
    assert len((await origin.state())["relays"]) == 1


async def test_over_three_relays(net: Net) -> None:
    origin, middle, edge = await net.relay("origin"), await net.relay("middle"), await net.relay("edge")
    await net.source(origin, "centre", RED, 440)
    await net.source(origin, "hill", GREEN, 600)
    await origin.stage("centre", "centre")
    await parents(middle, origin)
    await parents(edge, middle)
    viewer = await net.watcher(edge, "tv")
    await viewer.until(lambda v: v.sees(RED) and v.hears(0))
    await origin.stage("hill", "hill")
    await viewer.until(lambda v: v.sees(GREEN) and v.hears(0))
    assert (await edge.state())["programmes"]["main"]["on_air"]["video"] == "hill"
    assert [len((await r.state())["relays"]) for r in (origin, middle, edge)] == [1, 1, 0]


#: From the offer, the answer and its proof to what is answered instead.
Change = Callable[[bytes, str, str], tuple[str, str]]


@contextlib.asynccontextmanager
async def between(relay: RunningRelay, change: Change) -> AsyncIterator[str]:
    """Somebody who sits at an address where a relay is expected, and passes on what he likes to; his URL."""

    async def pass_on(request: web.Request) -> web.Response:
        headers = {k: request.headers[k] for k in ("Authorization", "Content-Type")}
        offer = await request.read()
        async with relay.http.request(
            request.method, relay.url + request.path, data=offer, headers=headers
        ) as answer:
            text, told = change(offer, await answer.text(), answer.headers.get(proof.HEADER, ""))
            kept = {k: answer.headers[k] for k in ("Location",) if k in answer.headers}
            kept |= {proof.HEADER: told} if told else {}
            return web.Response(status=answer.status, text=text, headers=kept, content_type="application/sdp")

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", pass_on)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_an_answer_is_believed_only_with_its_proof(net: Net) -> None:
    """Whoever sits at a parent's address without the key feeds nobody."""
    origin, edge = await net.relay("origin"), await net.relay("edge")
    await net.film(origin)
    asked, proofs = asyncio.Event(), [""]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.bind(("127.0.0.1", 0))
        own.setblocking(False)

        def himself(_: bytes, answer: str, told: str) -> tuple[str, str]:
            """Has the media agreed with a port of his own."""
            asked.set()
            return answer.replace(f" {origin.udp[0]} ", f" {own.getsockname()[1]} "), proofs[-1]

        def honest(_: bytes, answer: str, told: str) -> tuple[str, str]:
            proofs.extend([told] if told else [])
            return answer, told

        await net.site(edge, "tv")
        async with between(origin, himself) as stranger, between(origin, honest) as friend:
            for _ in range(2):  # without a proof, then with one of another answer
                asked.clear()
                await parents(edge, stranger)
                async with asyncio.timeout(10):
                    await asked.wait()
                    asked.clear()
                    await asked.wait()  # it asks again, so the first answer was not taken
                assert (await parents(edge, stranger))["pulling"] is None
                await parents(edge, friend)
                await pulls_from(edge, friend)
                await parents(edge)
            with pytest.raises(BlockingIOError):
                own.recv(2048)


async def test_two_that_lost_their_home_do_not_hold_each_other(net: Net) -> None:
    """Each has the other as its second parent: one takes it, one is refused, both go to the next home."""
    origin, heir = await net.relay("origin"), await net.relay("heir")
    one, two = await net.relay("one"), await net.relay("two")
    film = await net.film(heir)
    viewers = [await net.site(relay, "tv") for relay in (one, two)]
    await parents(one, origin, two)
    await parents(two, origin, one)
    await asyncio.gather(pulls_from(one, origin), pulls_from(two, origin))
    freeze(origin)
    async with asyncio.timeout(15):
        while await pulling(one) != two.url and await pulling(two) != one.url:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await parents(one, heir, two)
    await parents(two, heir, one)
    await asyncio.gather(pulls_from(one, heir), pulls_from(two, heir))
    showing = asyncio.create_task(_show([film]))
    try:
        for viewer in viewers:
            await viewer.next_rtp()
    finally:
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)


class Line:
    """A relay's HTTP face whose answers name a UDP port of ours, which loses a tenth of the media."""

    def __init__(self) -> None:
        self.url = ""
        self.lost = 0


@contextlib.asynccontextmanager
async def lossy(relay: RunningRelay) -> AsyncIterator[Line]:
    line, chance = Line(), random.Random(3)
    loop = asyncio.get_running_loop()
    ends: dict[str, Any] = {}

    class Near(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            ends["near"] = transport

        def datagram_received(self, data: bytes, source: Any) -> None:
            ends["edge"] = source
            ends["far"].sendto(data)

    class Far(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            ends["far"] = transport

        def datagram_received(self, data: bytes, source: Any) -> None:
            if 128 <= data[0] < 192 and not rtp.is_rtcp(data) and chance.random() < 0.1:
                line.lost += 1
            else:
                ends["near"].sendto(data, ends["edge"])

    await loop.create_datagram_endpoint(Near, local_addr=("127.0.0.1", 0))
    await loop.create_datagram_endpoint(Far, remote_addr=("127.0.0.1", relay.udp[0]))
    port = ends["near"].get_extra_info("sockname")[1]

    def by_us(offer: bytes, answer: str, _: str) -> tuple[str, str]:
        ours = answer.replace(f" {relay.udp[0]} ", f" {port} ")
        return ours, proof.of_answer(relay.key.encode(), relay.studio, "main", offer, ours.encode())

    try:
        async with between(relay, by_us) as line.url:
            yield line
    finally:
        ends["near"].close()
        ends["far"].close()


async def test_a_link_that_is_cut_on_purpose_and_comes_back(net: Net) -> None:
    origin, edge = await net.relay("origin", "--faults"), await net.relay("edge")
    film = await net.film(origin)
    await parents(edge, origin)
    viewer = await net.site(edge, "tv")
    await pulls_from(edge, origin)
    film.frame(KEY)
    for _ in range(3):
        await viewer.next_rtp(20)
    async with RelayClient(origin.url, origin.key) as client:
        await client.fault("relay:edge", "both", drop=1.0)
        film.frame(KEY)
        with contextlib.suppress(TimeoutError):  # a kept packet may still be on its way
            for _ in range(6):
                await viewer.next_rtp(0.5)
        with pytest.raises(TimeoutError):
            await viewer.next_rtp(0.5)
        await client.clear_faults()
    async with asyncio.timeout(30):
        while True:
            film.frame(KEY)
            with contextlib.suppress(TimeoutError):
                await viewer.next_rtp(0.2)
                return
