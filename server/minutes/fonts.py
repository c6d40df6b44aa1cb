"""Tinos, the face with Times metrics and every Vietnamese letter, given to reportlab once per process."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

FOLDER = Path(__file__).resolve().parent.parent / "fonts"
REGULAR, BOLD, ITALIC, BOLD_ITALIC = "Tinos", "Tinos-Bold", "Tinos-Italic", "Tinos-BoldItalic"
_FILES = {
    REGULAR: "Tinos-Regular.ttf",
    BOLD: "Tinos-Bold.ttf",
    ITALIC: "Tinos-Italic.ttf",
    BOLD_ITALIC: "Tinos-BoldItalic.ttf",
}


@cache
def register() -> None:
    for name, file in _FILES.items():
        pdfmetrics.registerFont(TTFont(name, str(FOLDER / file)))
    pdfmetrics.registerFontFamily(REGULAR, REGULAR, BOLD, ITALIC, BOLD_ITALIC)


def width_pt(text: str, font: str, size: float) -> float:
    register()
    return float(pdfmetrics.stringWidth(text, font, size))


#: Words of names of bodies that are not parted at the end of a line.
_TOGETHER = frozenset(
    {
        "ĐẢNG ỦY",
        "ĐẢNG UỶ",
        "ĐẢNG BỘ",
        "ỦY BAN",
        "UỶ BAN",
        "NHÂN DÂN",
        "HỘI ĐỒNG",
        "THƯỜNG VỤ",
        "CHẤP HÀNH",
        "THƯỜNG TRỰC",
        "THÀNH PHỐ",
        "VĂN PHÒNG",
    }
)


def balanced(text: str, font: str, size: float, room: float) -> str:
    """The text in one line where it fits, else broken once, near the middle and not inside a word of two parts."""
    words = text.split()
    if width_pt(text, font, size) <= room or len(words) < 2:
        return text
    places = range(1, len(words))
    good = [n for n in places if f"{words[n - 1]} {words[n]}" not in _TOGETHER] or places

    def longest(n: int) -> float:
        return max(width_pt(" ".join(part), font, size) for part in (words[:n], words[n:]))

    place = min(good, key=longest)
    return " ".join(words[:place]) + "\n" + " ".join(words[place:])
