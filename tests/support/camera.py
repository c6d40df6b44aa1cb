"""A camera for Chromium: a small moving picture of one colour, so that a viewer can tell whose it is."""

from __future__ import annotations

from pathlib import Path

WIDTH, HEIGHT, FPS = 640, 360, 15

#: Luma and the two chromas of each hall's colour.
COLOURS = {"blue": (60, 190, 110), "orange": (150, 60, 190), "green": (120, 90, 80)}


def y4m(path: Path, colour: str, frames: int = 30) -> Path:
    """A YUV4MPEG2 file that Chromium loops; a light block wanders so that every frame differs."""
    luma, blue, red = COLOURS[colour]
    chroma = bytes([blue]) * (WIDTH // 2 * HEIGHT // 2) + bytes([red]) * (WIDTH // 2 * HEIGHT // 2)
    with path.open("wb") as out:
        out.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FPS}:1 Ip A1:1 C420\n".encode())
        for frame in range(frames):
            rows = [bytearray([luma]) * WIDTH for _ in range(HEIGHT)]
            left = frame * (WIDTH - 80) // frames
            for row in rows[140:220]:
                row[left : left + 80] = bytes([235]) * 80
            out.write(b"FRAME\n" + b"".join(rows) + chroma)
    return path
