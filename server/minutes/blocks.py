"""The parts of the paper as reportlab flowables: rules, tables, the space for a signature, the proof of origin.

Each part takes sizes from the format and text from the minutes; none knows which rule set it serves.
Unit: points.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from unicodedata import normalize
from xml.sax.saxutils import escape

from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY, TA_LEFT, TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, Table, TableStyle

from server.minutes.archive import SignatureRole, SignatureSpace
from server.minutes.fonts import BOLD, BOLD_ITALIC, ITALIC, REGULAR
from server.minutes.formats import Format

SIGNATURE_WIDTH = 70 * mm
SIGNATURE_HEIGHT = 24 * mm
QR_SIDE = 24 * mm
INK = colors.black
FAINT = colors.Color(0.35, 0.35, 0.35)
HAIR = 0.5

CENTRE, LEFT, RIGHT, JUSTIFY = TA_CENTER, TA_LEFT, TA_RIGHT, TA_JUSTIFY


def safe(text: str) -> str:
    """Text as reportlab's small markup takes it: NFC, escaped, without control characters."""
    return escape("".join(ch for ch in normalize("NFC", text) if ch >= " " or ch == "\n")).replace("\n", "<br/>")


class Voice:
    """Paragraph styles of one format, made on demand."""

    def __init__(self, form: Format) -> None:
        self.form = form

    def style(
        self, size: float, *, font: str = REGULAR, align: int = CENTRE, gap: float = 0, indent: float = 0
    ) -> ParagraphStyle:
        return ParagraphStyle(
            f"{font}-{size}-{align}-{gap}-{indent}",
            fontName=font,
            fontSize=size,
            leading=size * (self.form.leading if align == JUSTIFY else 1.22),
            alignment=align,
            spaceAfter=gap,
            firstLineIndent=indent,
            textColor=INK,
            allowWidows=0,
            allowOrphans=0,
        )

    def line(
        self, text: str, size: float, *, font: str = REGULAR, align: int = CENTRE, gap: float = 0
    ) -> Paragraph:
        return Paragraph(safe(text), self.style(size, font=font, align=align, gap=gap))

    def body(self, text: str, *, lead: str = "", bold: bool = False, keep: bool = False) -> Paragraph:
        """A justified paragraph; `lead` is set in bold before the text."""
        style = self.style(
            self.form.sizes.body, align=JUSTIFY, gap=self.form.gap_pt, indent=self.form.indent_mm * mm
        )
        style.keepWithNext = 1 if keep else 0
        marked = safe(text)
        if bold:
            marked = f'<font name="{BOLD}">{marked}</font>'
        if lead:
            marked = f'<font name="{BOLD}">{safe(lead)}</font> {marked}'
        return Paragraph(marked, style)

    def cell(self, text: str, *, font: str = REGULAR, align: int = LEFT) -> Paragraph:
        return Paragraph(safe(text), self.style(self.form.sizes.table, font=font, align=align))


class Rule(Flowable):  # type: ignore[misc]
    """A drawn line, centred in its column or at its left; never underscores or underlined text."""

    def __init__(self, length: float, *, align: int = CENTRE, above: float = 2, below: float = 0) -> None:
        super().__init__()
        self.length, self.align, self.above, self.below = length, align, above, below

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self.room = width
        return width, self.above + HAIR + self.below

    def draw(self) -> None:
        start = 0.0 if self.align == LEFT else (self.room - self.length) / 2
        self.canv.setStrokeColor(INK)
        self.canv.setLineWidth(HAIR * 1.4)
        self.canv.line(start, self.below, start + self.length, self.below)


class Signing(Flowable):  # type: ignore[misc]
    """Blank room where a visible signature will stand; notes its place on the paper when it is drawn."""

    def __init__(self, role: SignatureRole, spaces: list[SignatureSpace]) -> None:
        super().__init__()
        self.role, self.spaces = role, spaces

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self.room = width
        return width, SIGNATURE_HEIGHT + 8

    def draw(self) -> None:
        x, y = self.canv.absolutePosition((self.room - SIGNATURE_WIDTH) / 2, 4)
        box = (x, y, x + SIGNATURE_WIDTH, y + SIGNATURE_HEIGHT)
        self.spaces.append(SignatureSpace(self.role, self.canv.getPageNumber() - 1, box))


class QrCode(Flowable):  # type: ignore[misc]
    """Drawn module by module: reportlab's own drawing would name Helvetica, which is not embedded."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        return QR_SIDE, QR_SIDE

    def draw(self) -> None:
        code = QrCodeWidget(self.text, barLevel="M").qr
        code.make()
        count = code.getModuleCount()
        side = QR_SIDE / count
        self.canv.setFillColor(INK)
        path = self.canv.beginPath()
        for row in range(count):
            for column in range(count):
                if code.isDark(row, column):
                    path.rect(column * side, QR_SIDE - (row + 1) * side, side, side)
        self.canv.drawPath(path, stroke=0, fill=1)


def stacked(rows: Sequence[Sequence[Any]], widths: Sequence[float], *, valign: str = "TOP") -> Table:
    """Flowables in rows and columns, without a border or padding."""
    table = Table([list(row) for row in rows], colWidths=list(widths))
    table.setStyle(
        TableStyle(
            [
                ("FONT", (0, 0), (-1, -1), REGULAR, 10),
                ("VALIGN", (0, 0), (-1, -1), valign),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 0),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
            ]
        )
    )
    return table


def columns(cells: Sequence[Any], widths: Sequence[float], *, valign: str = "TOP") -> Table:
    return stacked([cells], widths, valign=valign)


def grid(
    voice: Voice,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths: Sequence[float],
    aligns: Sequence[int],
) -> Table:
    """A ruled table whose header is repeated on every page."""
    head = [voice.cell(text, font=BOLD, align=CENTRE) for text in header]
    lines = [[voice.cell(t, align=a) for t, a in zip(row, aligns, strict=True)] for row in rows]
    table = Table([head, *lines], colWidths=list(widths), repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("FONT", (0, 0), (-1, -1), REGULAR, voice.form.sizes.table),
                ("GRID", (0, 0), (-1, -1), HAIR, INK),
                ("BACKGROUND", (0, 0), (-1, 0), colors.Color(0.94, 0.94, 0.94)),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("TOPPADDING", (0, 0), (-1, -1), 2.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
            ]
        )
    )
    return table


def proof(voice: Voice, url: str, lines: Sequence[str], width: float) -> Table:
    """The QR code of the verification page, and beside it what binds the paper to the journal."""
    style = voice.style(8.5, align=LEFT)
    style.textColor = FAINT
    style.splitLongWords = 1
    text = [Paragraph(safe(line), style) for line in lines]
    table = columns([QrCode(url), text], [QR_SIDE + 5 * mm, width - QR_SIDE - 5 * mm], valign="MIDDLE")
    table.setStyle(TableStyle([("LINEABOVE", (0, 0), (-1, 0), HAIR, FAINT), ("TOPPADDING", (0, 0), (-1, 0), 6)]))
    return table


def recipients(voice: Voice, label: str, names: Sequence[str]) -> list[Paragraph]:
    sizes = voice.form.sizes
    if voice.form.recipients_style == "underlined":
        head = Paragraph(f"<u>{safe(label)}</u>", voice.style(sizes.recipients_label, align=LEFT))
    elif voice.form.recipients_style == "bold-italic":
        head = voice.line(label, sizes.recipients_label, font=BOLD_ITALIC, align=LEFT)
    else:
        head = voice.line(label, sizes.recipients_label, font=ITALIC, align=LEFT)
    ends = [";"] * (len(names) - 1) + ["."]
    return [
        head,
        *(voice.line(f"- {n}{e}", sizes.recipients, align=LEFT) for n, e in zip(names, ends, strict=True)),
    ]
