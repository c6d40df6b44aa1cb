"""Sound of a recording: each slot's Opus packets on one unbroken line of samples, and all slots mixed.

Gaps (nobody on air, DTX, loss) become silence that is written, so that no player moves what comes later.
Packets are kept as they came; only the mix, which players play, is decoded and encoded anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

import av
import av.filter
from av.audio.frame import AudioFrame

RATE_HZ: Final = 48_000
FRAME: Final = 960  # 20 ms
TOLERANCE: Final = 1920  # how far a packet may lie from where it belongs before it is moved there
MIX_BPS: Final = 64_000
_MAX_PACKET: Final = 5760  # RFC 6716, 3.2.5: 120 ms
# Silence of each length that CELT has, the longest first: table of contents (RFC 6716, 3.1), then an empty frame.
_SILENCE: Final = tuple((120 << i, bytes(((28 + i) << 3, 0xFF, 0xFE))) for i in (3, 2, 1, 0))


def opus_samples(packet: bytes) -> int:
    """How long an Opus packet plays at 48 kHz (RFC 6716, 3.1). Raises: ValueError."""
    if not packet:
        raise ValueError("empty Opus packet")
    configuration, code = packet[0] >> 3, packet[0] & 3
    if configuration < 12:
        each = (480, 960, 1920, 2880)[configuration & 3]
    elif configuration < 16:
        each = (480, 960)[configuration & 1]
    else:
        each = 120 << (configuration & 3)
    if code == 3 and len(packet) < 2:
        raise ValueError("Opus packet without its count")
    count = packet[1] & 0x3F if code == 3 else min(code, 1) + 1
    if not 0 < count * each <= _MAX_PACKET:
        raise ValueError("Opus packet of an impossible length")
    return count * each


Sounding = tuple[int, int, bytes]  # position and length in samples, Opus packet


class Track:
    """One slot's sound in one file."""

    def __init__(self) -> None:
        self.position = 0

    def add(self, at: int, packet: bytes) -> Iterator[Sounding]:
        """A packet that belongs at this sample. Raises: ValueError."""
        length = opus_samples(packet)
        if at < self.position - TOLERANCE:
            return  # that time is written already
        if at > self.position + TOLERANCE:
            yield from self.fill(at)
        yield self._put(length, packet)

    def fill(self, until: int) -> Iterator[Sounding]:
        """Silence up to here, to 2.5 ms."""
        for length, packet in _SILENCE:
            while self.position + length <= until:
                yield self._put(length, packet)

    def _put(self, length: int, packet: bytes) -> Sounding:
        self.position += length
        return self.position - length, length, packet


class Mixer:
    """All slots together, as who watches hears them: Opus, mono, 20 ms a packet."""

    def __init__(self, slots: int) -> None:
        self._decoders = [_decoder() for _ in range(slots)]
        self._queues = [av.AudioFifo() for _ in range(slots)]
        self._graph = av.filter.Graph()
        layout = f"sample_rate={RATE_HZ}:sample_fmt=s16:channel_layout=mono:time_base=1/{RATE_HZ}"
        self._inputs = [self._graph.add("abuffer", layout) for _ in range(slots)]
        mix = self._graph.add("amix", f"inputs={slots}:normalize=0:dropout_transition=0")
        form = self._graph.add("aformat", "sample_fmts=s16:channel_layouts=mono")
        self._output = self._graph.add("abuffersink")
        for index, source in enumerate(self._inputs):
            source.link_to(mix, 0, index)
        mix.link_to(form)
        form.link_to(self._output)
        self._graph.configure()
        self._mixed = 0

    def add(self, slot: int, sounding: Sounding) -> Iterator[AudioFrame]:
        """The frames of the mix that are complete with this packet of one slot."""
        _, length, packet = sounding
        heard = self._decode(slot, packet)
        if heard is None or heard.samples != length:
            heard = AudioFrame(format="s16", layout="mono", samples=length)
            heard.planes[0].update(bytes(heard.planes[0].buffer_size))
            heard.sample_rate = RATE_HZ
        heard.pts = None
        self._queues[slot].write(heard)
        # The filter gives one frame out for one in, so all that go in have one length.
        while all(queue.samples >= FRAME for queue in self._queues):
            for queue, entry in zip(self._queues, self._inputs, strict=True):
                part: Any = queue.read(FRAME)
                part.pts, part.time_base = self._mixed, Fraction(1, RATE_HZ)
                entry.push(part)
            frame: Any = self._output.pull()
            frame.pts, frame.time_base = self._mixed, Fraction(1, RATE_HZ)
            self._mixed += FRAME
            yield frame

    def _decode(self, slot: int, packet: bytes) -> AudioFrame | None:
        try:
            frames = self._decoders[slot].decode(av.Packet(packet))
        except av.error.FFmpegError:
            return None  # what cannot be decoded is silence in the mix; the track keeps it
        return frames[0] if len(frames) == 1 else None


def _decoder() -> Any:
    # libopus gives one frame for one packet, always; the decoder of ffmpeg itself may hold samples back.
    decoder = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout = RATE_HZ, "mono"
    return decoder
