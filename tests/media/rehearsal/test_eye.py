"""What a virtual bridge sees and hears of real packets."""

from av import CodecContext
from av.audio.frame import AudioFrame

from media.rehearsal.eye import Eye
from media.wire.rtp import Codec, Packet

SAMPLES = 960


def sounds(count: int) -> list[bytes]:
    """So many packets of Opus."""
    encoder = CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "mono", "s16"
    made: list[bytes] = []
    for number in range(count + 1):  # the encoder is one behind
        frame = AudioFrame(format="s16", layout="mono", samples=SAMPLES)
        frame.planes[0].update(bytes(frame.planes[0].buffer_size))
        frame.sample_rate, frame.pts = 48_000, number * SAMPLES
        made += map(bytes, encoder.encode(frame))
    return made[:count]


def test_padding_alone_is_no_sound_and_ends_none() -> None:
    """To a decoder nothing means that nothing more comes."""
    eye, packets = Eye(), sounds(20)
    for number, payload in enumerate([*packets[:5], b"", *packets[5:]]):
        eye.take("audio", Codec.OPUS, Packet(111, False, number, number * SAMPLES, 1, payload), number * 0.02)
    assert (eye.sounds, eye.broken) == (20, 0)
