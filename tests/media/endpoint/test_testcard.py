"""The test picture, the tone and the meters agree with each other."""

from __future__ import annotations

import pytest

from media.endpoint.testcard import PictureMeter, SoundMeter, TestPicture, Tone, parse_colour, parse_size


async def test_the_meter_reads_the_colour_of_the_picture() -> None:
    colour = (200, 60, 40)
    picture, meter = TestPicture(colour, (320, 180)), PictureMeter()
    for _ in range(2):
        meter.add(await picture.recv())
    assert meter.frames == 2
    assert meter.size == (320, 180)
    seen = meter.colour()
    assert seen is not None
    # The bar is a thirtieth of the picture.
    assert all(abs(a - b) < 14 for a, b in zip(seen, colour, strict=True))


async def test_the_tone_has_energy_and_silence_has_none() -> None:
    tone, meter = Tone(440), SoundMeter()
    frame = await tone.recv()
    meter.add(frame)
    # 20 ms of a sine of 8000/32768: amplitude squared, halved.
    assert meter.energy == pytest.approx((8000 / 32768) ** 2 / 2 * 0.02, rel=0.15)
    loud = meter.energy
    frame.planes[0].update(bytes(frame.planes[0].buffer_size))
    meter.add(frame)
    assert meter.energy == loud


def test_words_of_the_command_line() -> None:
    assert parse_colour("0a10ff") == (10, 16, 255)
    assert parse_size("640x360") == (640, 360)
    for parse, word in (
        (parse_colour, "12"),
        (parse_colour, "zzzzzz"),
        (parse_size, "641x360"),
        (parse_size, "9"),
    ):
        with pytest.raises(ValueError):
            parse(word)
