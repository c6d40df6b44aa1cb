"""What a visible signature looks like: drawn by reportlab, then placed into the signature field by pyHanko.

pyHanko's own text stamps set a 2048-unit font too wide, so text is never left to it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from unicodedata import normalize

from pyhanko.pdf_utils.content import PdfContent
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.stamp import StaticStampStyle
from reportlab.lib import colors
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from rooms.minutes import Locale
from server.minutes import words
from server.minutes.blocks import SIGNATURE_HEIGHT, SIGNATURE_WIDTH
from server.minutes.fonts import BOLD, ITALIC, REGULAR, register, width_pt

# Decree 30/2020, Annex I: a person's signature is blue
BLUE = colors.Color(0.07, 0.2, 0.55)
_PAD = 2.2 * mm
_LEADING = 1.32


@dataclass(frozen=True, slots=True)
class Visible:
    """What the stamp says. `signed_at` carries the zone to print; `image`: the hand signature, PNG."""

    name: str
    title: str
    organisation: str
    signed_at: datetime
    locale: Locale
    image: bytes | None = None


def draw(visible: Visible) -> bytes:
    """One page of the size of the signature field."""
    register()
    out = BytesIO()
    canvas = Canvas(out, pagesize=(SIGNATURE_WIDTH, SIGNATURE_HEIGHT), initialFontName=REGULAR, invariant=1)
    if visible.image is not None:
        _picture(canvas, visible.image)
    lines = _lines(visible)
    tall = sum(size * _LEADING for _, _, size in lines)
    top = (SIGNATURE_HEIGHT + tall) / 2
    canvas.setFillColor(BLUE)
    canvas.rect(0, top - tall - 2, 0.7 * mm, tall + 4, stroke=0, fill=1)
    for text, font, size in lines:
        _line(canvas, text, font, size, top - size)
        top -= size * _LEADING
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def style(visible: Visible) -> StaticStampStyle:
    return StaticStampStyle(
        background=_Drawn(draw(visible)),
        border_width=0,
        background_layout=SimpleBoxLayoutRule(AxisAlignment.ALIGN_MIN, AxisAlignment.ALIGN_MIN, margins=Margins()),
    )


def when(at: datetime) -> str:
    """Decree 30/2020, Annex I: date, hour, minute, second and the zone."""
    offset = at.strftime("%z")
    return f"{at:%d/%m/%Y %H:%M:%S} {offset[:3]}:{offset[3:5]}"


def _lines(visible: Visible) -> list[tuple[str, str, float]]:
    signed_by = words.say(visible.locale, "signed_by", name=visible.name)
    signed_at = words.say(visible.locale, "signed_at", time=when(visible.signed_at))
    lines = [
        (signed_by, BOLD, 10.0),
        (visible.title, REGULAR, 9.0),
        (visible.organisation, REGULAR, 9.0),
        (signed_at, ITALIC, 9.0),
    ]
    return [(normalize("NFC", text), font, size) for text, font, size in lines if text]


def _line(canvas: Canvas, text: str, font: str, size: float, y: float) -> None:
    room = SIGNATURE_WIDTH - 2 * _PAD
    # a long name is set smaller rather than cut
    fitted = min(size, size * room / max(width_pt(text, font, size), 1))
    canvas.setFont(font, fitted)
    canvas.drawString(_PAD, y, text)


def _picture(canvas: Canvas, image: bytes) -> None:
    picture = ImageReader(BytesIO(image))
    wide, tall = picture.getSize()
    scale = min(SIGNATURE_WIDTH * 0.5 / wide, SIGNATURE_HEIGHT / tall)
    x = SIGNATURE_WIDTH - wide * scale - _PAD
    canvas.drawImage(picture, x, 0, wide * scale, tall * scale, mask="auto")


class _Drawn(PdfContent):
    """A PDF page held in memory (pyHanko's own class opens a file by name)."""

    def __init__(self, page: bytes) -> None:
        self._page = page
        super().__init__()

    def render(self) -> bytes:
        writer = self._ensure_writer
        xobject = writer.import_page_as_xobject(PdfFileReader(BytesIO(self._page)))
        name = f"/Import{uuid.uuid4().hex}"
        self.resources.xobject[name] = xobject
        self.box = BoxConstraints(width=SIGNATURE_WIDTH, height=SIGNATURE_HEIGHT)
        return f"{name} Do".encode()
