"""Nothing is encoded anew: the bytes of every picture and sound that was sent lie in the file."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

from media.recording.soundtrack import FRAME, RATE_HZ
from media.wire.rtp import Packet
from tests.media.recordings import recording
from tests.media.running import RunningRelay
from tests.media.site import Site

COUNT = 100  # pictures, 50 ms each; the sound goes along
CHUNK = 1000
SIZE = (160, 96)


def pictures(codec: str) -> list[list[bytes]]:
    """Noise, no two alike; of each picture the units, a VP8 frame being one. Each tenth is a key frame."""
    chance = random.Random(1)
    encoder: Any = av.CodecContext.create(codec, "w")
    encoder.width, encoder.height = SIZE
    encoder.pix_fmt, encoder.framerate, encoder.gop_size = "yuv420p", 20, 10
    encoder.bit_rate = 800_000
    real_time = {"deadline": "realtime", "lag-in-frames": "0"}
    encoder.options = real_time if codec == "libvpx" else {"tune": "zerolatency", "profile": "baseline"}
    coded = []
    for number in range(COUNT):
        frame = VideoFrame(*SIZE, "yuv420p")
        for plane in frame.planes:
            plane.update(chance.randbytes(plane.buffer_size))
        frame.pts = number
        coded += [bytes(packet) for packet in encoder.encode(frame)]
    return [[one] if codec == "libvpx" else annex_b(one) for one in coded]


def annex_b(stream: bytes) -> list[bytes]:
    return [unit for unit in stream.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1") if unit]


def length_prefixed(sample: bytes) -> list[bytes]:
    """As in an MP4 (ISO/IEC 14496-15)."""
    units = []
    while sample:
        size = int.from_bytes(sample[:4], "big")
        units.append(sample[4 : 4 + size])
        sample = sample[4 + size :]
    return units


def sounds() -> list[bytes]:
    chance = random.Random(2)
    encoder: Any = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE_HZ, "mono", "s16"
    encoder.bit_rate = 32_000
    coded = []
    for number in range(COUNT * 5 // 2):
        frame = AudioFrame(format="s16", layout="mono", samples=FRAME)
        frame.planes[0].update(chance.randbytes(frame.planes[0].buffer_size))
        frame.sample_rate, frame.pts = RATE_HZ, number * FRAME
        coded += [bytes(packet) for packet in encoder.encode(frame)]
    return coded


def payloads(units: list[bytes], number: int, codec: str) -> Iterator[bytes]:
    """RFC 7741, 4.2; RFC 6184, 5.6 and 5.8."""
    for unit in units:
        if codec == "libvpx":
            for at in range(0, len(unit), CHUNK):
                yield bytes((0x90 if at == 0 else 0x80, 0x80, 0x80, number)) + unit[at : at + CHUNK]
        elif len(unit) <= CHUNK:
            yield unit
        else:
            for at in range(1, len(unit), CHUNK):
                head = unit[0] & 0x1F | (at == 1) << 7 | (at + CHUNK >= len(unit)) << 6
                yield bytes((unit[0] & 0xE0 | 28, head)) + unit[at : at + CHUNK]


async def send(site: Site, shown: list[list[bytes]], heard: list[bytes], codec: str) -> None:
    """All of it, in its own time."""
    sequence, sound, began = 0, iter(enumerate(heard)), time.monotonic()
    for number, units in enumerate(shown):
        parts = list(payloads(units, number, codec))
        for payload in parts:
            last = payload is parts[-1]
            site.send_rtp(Packet(96, last, sequence, number * 4500, 77, payload))
            sequence += 1
        for _ in range(2 + number % 2):
            index, packet = next(sound)
            site.send_rtp(Packet(111, index == 0, index, index * FRAME, 78, packet))
            await asyncio.sleep(began + (index + 1) * FRAME / RATE_HZ - time.monotonic())


def run_of(found: list[Any], sent: list[Any]) -> range:
    """Which of those that were sent these are, when they are a run of them in order."""
    first = sent.index(found[0])
    assert found == sent[first : first + len(found)]
    return range(first, first + len(found))


@pytest.mark.parametrize("codec", ["libvpx", "libx264"])
async def test_what_was_sent_lies_in_the_file_byte_for_byte(
    relay: RunningRelay, tmp_path: Path, cast: list[Any], codec: str
) -> None:
    shown, heard = await asyncio.gather(asyncio.to_thread(pictures, codec), asyncio.to_thread(sounds))
    assert len({repr(units) for units in shown}) == COUNT
    site = Site(relay, "centre")
    cast.append(site)
    await site.join(publish=True, h264=codec == "libx264")
    await relay.stage("centre", "centre")
    async with recording(relay, tmp_path) as recorder:
        await recorder.until(lambda line: line["recording"])
        sending = asyncio.create_task(send(site, shown, heard, codec))
        await recorder.until(lambda line: line["seconds"] > 3.5)
        assert await recorder.end() == 0
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    (part,) = recorder.parts()
    with av.open(str(part)) as container:
        picture, slot = container.streams.video[0], container.streams.audio[1]
        found = [packet for packet in container.demux(picture, slot) if packet.size]
        samples = [bytes(p) for p in found if p.stream is picture]
        opus = [bytes(p) for p in found if p.stream is slot and p.size > 3]  # and not the silence between
    units = [length_prefixed(one) if codec == "libx264" else [one] for one in samples]
    assert len(run_of(units, shown)) > COUNT // 2
    assert len(run_of(opus, heard)) > COUNT
