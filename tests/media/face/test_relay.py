"""The relay process with aiortc at both ends: what is published is seen, by those who may and by no one else."""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import aiortc.rtcdtlstransport
import pytest
from aiortc import RTCPeerConnection, RTCRtpReceiver

from media.transport.sealer import PLACE
from tests.media.peers import BLUE, GREEN, RED, Source, Tone, Watcher, peer_connection, reached, source, watcher
from tests.media.running import ROOT, RelayProcess, RunningRelay, speaking_with, start_relay

Start = Callable[[Any], Awaitable[Any]]


async def test_a_switch_is_seen_without_renegotiation(relay: RunningRelay, cast: list[Any]) -> None:
    await relay.stage("centre", "centre")
    viewers = [await watcher(relay, cast, f"commune-{i}") for i in range(3)]
    await source(relay, cast, "centre", RED, 440)  # they joined an empty programme
    await source(relay, cast, "hill", GREEN, 600)
    for viewer in viewers:
        await viewer.until(lambda v: v.sees(RED) and v.hears(0))
    staged = await relay.stage("hill", "hill")
    assert staged["wanted"] == {"video": "hill", "audio": ["hill", None, None]}
    for viewer in viewers:
        await viewer.until(lambda v: v.sees(GREEN))
    await relay.stage("centre", "centre")
    for viewer in viewers:
        await viewer.until(lambda v: v.sees(RED) and v.hears(0))
        assert viewer.descriptions == 1
    state = await relay.state()
    assert state["programmes"]["main"]["on_air"] == {"video": "centre", "audio": ["centre", None, None]}
    assert {s["peer"] for s in state["sources"]} == {"centre", "hill"}
    assert all(s["video"] for s in state["sources"])
    assert len(state["viewers"]) == 3


async def test_a_late_viewer_sees_and_two_programmes_are_apart(relay: RunningRelay, cast: list[Any]) -> None:
    await source(relay, cast, "a", RED, 440)
    await source(relay, cast, "b", BLUE)
    await relay.stage("a", "a")
    await relay.stage("b", programme="preview")
    first = await watcher(relay, cast, "tv")
    await first.until(lambda v: v.sees(RED))
    late = await watcher(relay, cast, "late")
    director = await watcher(relay, cast, "director", programme="preview")
    await late.until(lambda v: v.sees(RED) and v.hears(0))
    await director.until(lambda v: v.sees(BLUE))
    assert not director.levels[0]


async def test_h264_and_vp8_take_turns_in_one_slot(relay: RunningRelay, cast: list[Any]) -> None:
    await source(relay, cast, "browser", RED)
    encoder = Source(relay, "encoder")
    cast.append(encoder)
    await encoder.start(GREEN, codec="H264")
    await relay.stage("encoder")
    viewer = await watcher(relay, cast, "tv")
    await viewer.until(lambda v: v.sees(GREEN))
    await relay.stage("browser")
    await viewer.until(lambda v: v.sees(RED))
    await relay.stage("encoder")
    await viewer.until(lambda v: v.sees(GREEN))


async def test_three_are_heard_at_once_and_nobody_hears_himself(relay: RunningRelay, cast: list[Any]) -> None:
    speakers = ("centre", "hill", "interpreter")
    await source(relay, cast, "centre", RED, 440)
    for peer, pitch_hz in (("hill", 700), ("interpreter", 900)):
        one = Source(relay, peer)
        cast.append(one)
        await one.publish(None, Tone(pitch_hz))
    await relay.stage("centre", *speakers)
    third = await watcher(relay, cast, "third", audio=3)
    mixes = [await watcher(relay, cast, peer, audio=3) for peer in speakers]
    await third.until(lambda v: all(v.hears(slot) for slot in range(3)))
    for own, mix in enumerate(mixes):
        others = [slot for slot in range(3) if slot != own]
        await mix.until(lambda v, others=others: all(v.hears(slot) for slot in others))
        assert not mix.levels[own]


async def test_aes_cm_for_those_who_have_nothing_better(
    relay: RunningRelay, cast: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await source(relay, cast, "centre", RED, 440)
    await relay.stage("centre", "centre")
    best = await watcher(relay, cast, "gcm")
    only = [aiortc.rtcdtlstransport.SRTP_AES128_CM_SHA1_80]
    monkeypatch.setattr(aiortc.rtcdtlstransport, "SRTP_PROFILES", only)
    old = await watcher(relay, cast, "cm")
    await source(relay, cast, "cm-source", GREEN, 440)
    for viewer in (best, old):
        await viewer.until(lambda v: v.sees(RED) and v.hears(0))
    await relay.stage("cm-source", "cm-source")
    for viewer in (best, old):
        await viewer.until(lambda v: v.sees(GREEN))


@pytest.mark.parametrize("by_rtx", [False, True])
async def test_losses_are_repaired(relay: RunningRelay, cast: list[Any], by_rtx: bool) -> None:
    await source(relay, cast, "centre", RED, 440)
    await relay.stage("centre", "centre")
    chance = random.Random(7)
    got: set[int] = set()
    lost: set[int] = set()
    repairs: list[int] = []

    def make_lossy(connection: RTCPeerConnection) -> None:
        picture = connection.getTransceivers()[0]
        if not by_rtx:
            known = RTCRtpReceiver.getCapabilities("video").codecs
            picture.setCodecPreferences([c for c in known if not c.mimeType.endswith("/rtx")])
        line = picture.receiver.transport.transport
        receive = line._recv

        async def lossy() -> bytes:
            while True:
                datagram: bytes = await receive()
                if not 128 <= datagram[0] < 192 or datagram[1] & 0x7F == 96 or 192 <= datagram[1] < 224:
                    return datagram  # DTLS, Opus (aiortc's number for it), RTCP
                sequence = int.from_bytes(datagram[2:4], "big")
                if datagram[1] & 0x7F == 98:  # RTX of VP8
                    repairs.append(sequence)
                    return datagram
                # Every packet of the picture may be lost once; its repair comes through.
                if sequence in lost or chance.random() >= 0.1:
                    got.add(sequence)
                    return datagram
                lost.add(sequence)

        line._recv = lossy

    viewer = Watcher(relay, "lossy")
    cast.append(viewer)
    await viewer.start(make_lossy)
    await viewer.until(lambda v: len(lost) >= 15 and len(got) > 100, 30)
    newest, frames = max(got), viewer.frames
    await viewer.until(lambda v: max(got) > newest + 20 and v.frames > frames)
    seen_lost = {n for n in lost if n < newest - 5}
    if by_rtx:
        assert not lost & got
        assert len(repairs) >= len(seen_lost) * 0.9
        assert repairs == list(range(repairs[0], repairs[0] + len(repairs)))
    else:
        assert not repairs
        assert len(seen_lost - got) <= len(seen_lost) * 0.1
    (state,) = (await relay.state())["viewers"]
    assert state["repaired"] >= len(seen_lost) * 0.9


async def test_a_second_publish_replaces_the_first(relay: RunningRelay, cast: list[Any]) -> None:
    first = await source(relay, cast, "centre", RED)
    await relay.stage("centre")
    viewer = await watcher(relay, cast, "tv")
    await viewer.until(lambda v: v.sees(RED))
    await source(relay, cast, "centre", BLUE)
    await viewer.until(lambda v: v.sees(BLUE))
    await reached(first.connection, "closed")
    assert len((await relay.state())["sources"]) == 1


async def test_delete_and_kick_end_peers(relay: RunningRelay, cast: list[Any]) -> None:
    centre = await source(relay, cast, "centre", RED)
    viewer = await watcher(relay, cast, "tv")
    url = relay.url + viewer.location
    async with relay.http.delete(url, headers=relay.headers("watch", "other", "main")) as answer:
        assert answer.status == 404
    async with relay.http.delete(url, headers=relay.headers("watch", "tv", "main")) as answer:
        assert answer.status == 200
    await reached(viewer.connection, "closed")
    path = f"{relay.url}/control/studios/{relay.studio}/peers/centre"
    async with relay.http.delete(path, headers=relay.headers("control")) as answer:
        assert answer.status == 204
    await reached(centre.connection, "closed")
    async with relay.http.delete(path, headers=relay.headers("control")) as answer:
        assert answer.status == 404
    state = await relay.state()
    assert state["sources"] == state["viewers"] == []


async def test_ice_restarts_under_way(relay: RunningRelay, cast: list[Any]) -> None:
    centre = await source(relay, cast, "centre", RED)
    url = relay.url + centre.location
    headers = relay.headers("publish", "centre") | {"Content-Type": "application/trickle-ice-sdpfrag"}
    trickle = "a=ice-ufrag:abcd\r\na=ice-pwd:" + "p" * 22 + "\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"
    async with relay.http.patch(url, data="rubbish", headers=headers) as answer:
        assert answer.status == 400
    async with relay.http.patch(url, data=trickle, headers=headers | {"If-Match": '"old"'}) as answer:
        assert answer.status == 412
    async with relay.http.patch(url, data=trickle, headers=headers | {"If-Match": "*"}) as answer:
        assert answer.status == 200
        assert "a=ice-ufrag:" in await answer.text()
        assert answer.headers["ETag"]


@pytest.fixture(scope="module")
def offer() -> str:
    """A valid offer to receive, made once."""

    async def make() -> str:
        connection = peer_connection()
        connection.addTransceiver("video", direction="recvonly")
        connection.addTransceiver("audio", direction="recvonly")
        await connection.setLocalDescription(await connection.createOffer())
        sdp: str = connection.localDescription.sdp
        await connection.close()
        return sdp

    return asyncio.run(make())


async def problem(answer: tuple[int, str, dict[str, str]]) -> tuple[int, str]:
    import json

    status, text, headers = answer
    assert headers["Content-Type"].startswith("application/problem+json")
    body = json.loads(text)
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return status, body["code"]


async def test_tokens_are_checked(relay: RunningRelay, offer: str) -> None:
    path = f"/whep/{relay.studio}/main"
    whip = f"/whip/{relay.studio}"

    async def ask(path: str, headers: dict[str, str]) -> tuple[int, str]:
        return await problem(await relay.post_offer(path, offer, headers))

    watch = relay.headers("watch", "tv", "main")
    assert await ask(path, {}) == (401, "unknown-token")
    assert await ask(path, {"Authorization": "Bearer nonsense"}) == (401, "unknown-token")
    assert await ask(path, relay.headers("watch", "tv", "main", key="k" * 32)) == (401, "unknown-token")
    assert await ask(path, relay.headers("watch", "tv", "main", exp=1)) == (401, "unknown-token")
    assert await ask(path, relay.headers("watch", "tv", "main", aud="else")) == (401, "unknown-token")
    assert await ask(path, relay.headers("publish", "tv")) == (403, "wrong-scope")
    assert await ask(whip, watch) == (403, "wrong-scope")
    assert await ask(path, relay.headers("watch", "tv", "main", studio="else")) == (403, "studio-mismatch")
    assert await ask(f"/whep/{relay.studio}/preview", watch) == (403, "studio-mismatch")
    control = f"{relay.url}/control/studios/{relay.studio}"
    async with relay.http.get(control, headers=watch) as answer:
        assert answer.status == 403


async def test_bad_offers_are_refused(relay: RunningRelay, offer: str) -> None:
    path, headers = f"/whep/{relay.studio}/main", relay.headers("watch", "tv", "main")

    async def ask(sdp: str) -> tuple[int, str]:
        return await problem(await relay.post_offer(path, sdp, headers))

    candidate = "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n"
    unacceptable = (
        offer.replace("a=setup:actpass", "a=setup:passive"),
        offer.replace("a=recvonly", "a=sendonly"),
        offer.replace("a=rtcp-mux", "a=rtcp-no"),
        offer.replace(" VP8/", " VP7/").replace(" H264/", " H261/"),  # the sound alone would mislead
    )
    for refused in unacceptable:
        assert await ask(refused) == (422, "unacceptable")
    for bad in (
        "",
        "hello",
        offer.replace("a=fingerprint", "a=fingerprince"),
        offer.replace("a=ice-pwd", "a=ice-password"),
        offer + candidate * 1000,
        offer + "a=x\r\n" * 5000,
    ):
        assert await ask(bad) == (400, "bad-sdp")
    status, _, _ = await relay.post_offer(path, offer + candidate * 10_000, headers)
    assert status == 413
    json_type = {"Content-Type": "application/json"}
    async with relay.http.post(relay.url + path, data=offer, headers=headers | json_type) as answer:
        assert answer.status == 415
    assert (await relay.state())["viewers"] == []


async def test_bad_control_calls_are_refused(relay: RunningRelay) -> None:
    url = f"{relay.url}/control/studios/{relay.studio}/programmes/main"
    headers = relay.headers("control")
    for body in (
        [], {"video": 3}, {"audio": "x"}, {"audio": [None] * 4}, {"audio": [1]}, {"picture": None}, {"video": ""},
        {"video": "p" * 129}, {"video": "bên"}, {"audio": ["a b"]}, {"video": "\ud800"}, {"video": "p\n"},
    ):  # fmt: skip
        async with relay.http.put(url, json=body, headers=headers) as answer:
            assert answer.status == 400, body
    json_type = {"Content-Type": "application/json"}
    async with relay.http.put(url, data=b"[" * 60_000, headers=headers | json_type) as answer:
        assert answer.status == 400
    async with relay.http.put(relay.url + "/nowhere", headers=headers) as answer:
        assert answer.status == 404


def test_a_relay_that_cannot_start_says_why(relay_process: RelayProcess) -> None:
    command = [sys.executable, "-m", "media", "relay", "--http", "127.0.0.1:0"]
    command += ["--udp", f"127.0.0.1:{relay_process.udp[0]}"]
    for key, code, reason in (("short", 2, "shorter than 32 bytes"), ("k" * 32, 1, "Address already in use")):
        ended = subprocess.run(
            command, cwd=ROOT, env=os.environ | {"DIENHONG_MEDIA_KEY": key}, capture_output=True, text=True
        )
        assert ended.returncode == code
        assert reason in ended.stderr
        assert "Traceback" not in ended.stderr


async def test_cors_base_path_workers_and_metrics(cast: list[Any]) -> None:
    started = start_relay(
        "--workers", "2", "--base-path", "/media", "--origin", "https://hop.example", "--mode", "sendmmsg"
    )
    try:
        async with speaking_with(started) as relay:
            await _try_two_workers(relay, cast)
            await asyncio.gather(*(one.close() for one in cast))
            cast.clear()
    finally:
        started.stop()


async def _try_two_workers(relay: RunningRelay, cast: list[Any]) -> None:
    assert relay.url.endswith("/media")
    assert len(set(relay.udp)) == 2
    for studio in ("north", "south", "east"):
        relay.studio = studio
        centre = await source(relay, cast, "centre", RED)
        assert centre.location.startswith(f"/media/whip/{studio}/")
        await relay.stage("centre")
        viewer = await watcher(relay, cast, "tv")
        await viewer.until(lambda v: v.sees(RED))
    preflight = {"Origin": "https://hop.example", "Access-Control-Request-Method": "POST"}
    url = f"{relay.url}/whip/x"
    async with relay.http.options(url, headers=preflight) as answer:
        assert answer.status == 200
        assert answer.headers["Access-Control-Allow-Origin"] == "https://hop.example"
    async with relay.http.options(url, headers=preflight | {"Origin": "https://no"}) as answer:
        assert "Access-Control-Allow-Origin" not in answer.headers
    async with relay.http.get(f"{relay.url}/healthz") as answer:
        assert (await answer.json())["status"] == "ok"
    async with relay.http.get(f"{relay.url}/metrics") as answer:
        told = await answer.text()
        assert 'media_send_mode{worker="1",mode="sendmmsg"} 1' in told
        assert f'media_sealed_in_c{{worker="1"}} {int(PLACE.exists())}' in told
