"""One file of a recording: fragments of half a second, each on its way to the disk when the next begins.

VP8 and no picture at all make WebM, H.264 makes MP4; neither picture nor slots are encoded anew. A file that was
cut anywhere plays up to its last whole fragment. Blocks on the disk: not for the event loop.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
from av.container import OutputContainer

from media.recording.soundtrack import FRAME, MIX_BPS, RATE_HZ, TOLERANCE, Mixer, Sounding, Track
from media.wire.depacket import Frame
from media.wire.rtp import VIDEO_CLOCK_HZ, Codec

SLOTS: Final = 3
FRAGMENT_S: Final = 0.5
SURE: Final = TOLERANCE + FRAME
TITLES: Final = ("all", "slot 1", "slot 2", "slot 3")
_MILLION: Final = 1_000_000
_BUFFER: Final = 1 << 16


class Unplayable(Exception):
    """The picture is none that a decoder could begin with."""


class _File:
    """What the muxer writes to. It counts, and reports what the disk says as it is."""

    def __init__(self, path: Path) -> None:
        self.name = ""
        self.size = 0
        self.trouble: OSError | None = None
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o640)

    def write(self, chunk: bytes) -> int:
        left = memoryview(chunk)
        try:
            while left:
                left = left[os.write(self._fd, left) :]
        except OSError as trouble:
            self.trouble = trouble
            raise
        self.size = max(self.size, os.lseek(self._fd, 0, os.SEEK_CUR))
        return len(chunk)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return os.lseek(self._fd, offset, whence)

    def tell(self) -> int:
        return os.lseek(self._fd, 0, os.SEEK_CUR)

    def sync(self) -> None:
        os.fdatasync(self._fd)

    def shut(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class Part:
    """Begins at `began` (Unit: s, the clock of the recorder) with this key frame, or with sound alone."""

    def __init__(self, path: Path, began: float, first: Frame | None) -> None:
        """Raises: Unplayable; OSError."""
        self.path = path
        self.began = began
        self.first = first
        self.ends = began
        self.size: tuple[int, int] | None = None
        self.frames = 0
        template = _template(first) if first is not None and first.codec is Codec.H264 else None
        if first is not None and template is None and first.size is None:
            raise Unplayable("a VP8 key frame without a size")
        if first is not None:
            self.size = first.size
        if template is not None:
            self.size = template.codec_context.width, template.codec_context.height
        self._file = _File(path)
        self._tracks = [Track() for _ in range(SLOTS)]
        self._mixer = Mixer(SLOTS)
        self._last_picture = -1
        self._open(first, template)

    def _open(self, first: Frame | None, template: Any) -> None:
        mp4 = template is not None
        form = "mp4" if mp4 else "webm"
        fragments = (
            {"movflags": "empty_moov+default_base_moof", "frag_duration": str(round(FRAGMENT_S * _MILLION))}
            if mp4
            else {"cluster_time_limit": str(round(FRAGMENT_S * 1000))}
        )
        # Without the delta a silent track would keep the others back for ten seconds.
        options = fragments | {"flush_packets": "1", "max_interleave_delta": "50000"}
        self._container: OutputContainer = av.open(self._file, "w", form, options=options, buffer_size=_BUFFER)
        self._clock_hz = VIDEO_CLOCK_HZ if mp4 else 1000
        self._picture: Any = None
        if template is not None:
            self._picture = self._container.add_stream_from_template(template, opaque=True)
            self._picture.time_base = Fraction(1, VIDEO_CLOCK_HZ)
        elif first is not None:
            assert self.size is not None
            self._picture = self._container.add_mux_stream("vp8", width=self.size[0], height=self.size[1])
        self._mix, *self._sounds = [self._sound(title) for title in TITLES]
        self._mix.disposition = av.stream.Disposition.default
        with self._muxing():
            self._container.start_encoding()

    def _sound(self, title: str) -> Any:
        stream: Any = self._container.add_stream("libopus", rate=RATE_HZ, bit_rate=MIX_BPS)
        # The slots bring packets of their own: for them this only writes the header of the track.
        stream.codec_context.layout = "mono" if title == TITLES[0] else "stereo"
        stream.codec_context.format = "s16"
        stream.metadata["title"] = title
        return stream

    @property
    def seconds(self) -> float:
        return self.ends - self.began

    @property
    def size_bytes(self) -> int:
        return self._file.size

    def takes(self, frame: Frame) -> bool:
        """Whether the picture can stand in this file."""
        first = self.first
        if first is None or frame.codec is not first.codec:
            return False
        return not frame.key or frame.parameters == first.parameters

    def add_picture(self, at: float, frame: Frame) -> None:
        """Raises: OSError."""
        tick = max(round((at - self.began) * self._clock_hz), self._last_picture + self._clock_hz // 1000)
        self._last_picture = tick
        packet = av.Packet(frame.data)
        packet.stream, packet.is_keyframe = self._picture, frame.key
        packet.pts = packet.dts = tick
        packet.time_base = Fraction(1, self._clock_hz)
        with self._muxing():
            self._container.mux_one(packet)
        self.frames += 1
        self.ends = max(self.ends, at)

    def add_sound(self, at: float, slot: int, opus: bytes) -> None:
        """Raises: ValueError for what is not Opus; OSError."""
        for sounding in self._tracks[slot].add(round((at - self.began) * RATE_HZ), opus):
            self._put(slot, sounding)

    def fill(self, until: float, *, last: bool = False) -> None:
        """Silence in the slots where nothing came: on the `last` time to the end, else only where it is sure.

        Raises: OSError.
        """
        sample = round((until - self.began) * RATE_HZ)
        for slot, track in enumerate(self._tracks):
            # Sound that lies a little behind its time is no silence.
            if last or track.position < sample - SURE:
                for sounding in track.fill(sample):
                    self._put(slot, sounding)
        self.ends = max(self.ends, until)

    def _put(self, slot: int, sounding: Sounding) -> None:
        position, length, opus = sounding
        self._mux_sound(self._sounds[slot], position, length, av.Packet(opus))
        for frame in self._mixer.add(slot, sounding):
            at = frame.pts or 0
            for packet in self._mix.codec_context.encode(frame):
                self._mux_sound(self._mix, at, frame.samples, packet)

    def _mux_sound(self, stream: Any, position: int, length: int, packet: Any) -> None:
        packet.stream = stream
        packet.time_base = Fraction(1, RATE_HZ)
        packet.pts = packet.dts = position
        packet.duration = length
        with self._muxing():
            self._container.mux_one(packet)

    @contextlib.contextmanager
    def _muxing(self) -> Iterator[None]:
        """What the muxer makes of an error of the disk is that error. Raises: OSError."""
        try:
            yield
        except av.error.FFmpegError as error:
            raise self._file.trouble or OSError(errno.EIO, f"the muxer: {error}") from error

    def sync(self) -> None:
        """Raises: OSError."""
        self._file.sync()

    def close(self) -> None:
        """Ends the file with its length and index. Raises: OSError; the file is cut then, not lost."""
        try:
            with self._muxing():
                self._container.close()
            self._file.sync()
        finally:
            self._file.shut()


def _template(first: Frame) -> Any:
    """A stream with what an MP4's header must know of H.264: sizes and parameter sets. Raises: Unplayable."""
    try:
        container = av.open(io.BytesIO(first.data), format="h264")
        stream = container.streams.video[0]
        if not stream.codec_context.width or not stream.codec_context.extradata:
            raise Unplayable("an H.264 key frame that says no size")
    except (av.error.FFmpegError, IndexError) as error:
        raise Unplayable(f"an H.264 key frame that cannot be read: {error}") from error
    return stream
