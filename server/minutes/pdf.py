"""Minutes to PDF: A4, Tinos embedded everywhere, page numbers as the format wants them, ready to be signed.

The same minutes give the same bytes. Both signature fields are in the paper, empty, by the names of
`SignatureRole`. It knows no journal and no rule set; text goes in and comes out again (`pdftotext`) as NFC.
"""

from __future__ import annotations

import asyncio
from io import BytesIO
from threading import Lock
from typing import Any
from unicodedata import normalize

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate

from rooms.minutes import Minutes
from server.minutes import words
from server.minutes.archive import Description, finish
from server.minutes.fonts import REGULAR, register
from server.minutes.formats import Format, PageNumbers, choose
from server.minutes.story import Story

# reportlab's fonts are shared by the whole process and were not made for two threads
_one_at_a_time = Lock()


async def render(minutes: Minutes, *, verify_url: str, form: Format | None = None) -> bytes:
    """`draw` in a thread."""
    return await asyncio.to_thread(draw, minutes, verify_url=verify_url, form=form)


def draw(minutes: Minutes, *, verify_url: str, form: Format | None = None) -> bytes:
    """The paper in the given format, or in the one in force on its date for this kind of body.

    Raises: LookupError when no format was in force.
    """
    form = form or choose(minutes.head.body, minutes.dated)
    story = Story(minutes, form, verify_url)
    with _one_at_a_time:
        laid_out = _lay_out(story)
    title = normalize("NFC", f"{form.labels[minutes.locale].type_name}: {minutes.head.title}")
    about = Description(
        title=title,
        author=normalize("NFC", minutes.head.organisation),
        subject=words.say(minutes.locale, "subject"),
        language="vi-VN" if minutes.locale == "vi" else "en",
        made_at=minutes.facts.closed_at or minutes.facts.opened_at,
    )
    return finish(laid_out, about, story.spaces)


def _lay_out(story: Story) -> bytes:
    register()
    out = BytesIO()
    margins = story.form.margins
    document = BaseDocTemplate(
        out,
        pagesize=A4,
        leftMargin=margins.left_mm * mm,
        rightMargin=margins.right_mm * mm,
        topMargin=margins.top_mm * mm,
        bottomMargin=margins.bottom_mm * mm,
        invariant=1,
        pageCompression=1,
        title=story.minutes.head.title,
    )
    frame = Frame(
        document.leftMargin,
        document.bottomMargin,
        document.width,
        document.height,
        leftPadding=0,
        rightPadding=0,
        topPadding=0,
        bottomPadding=0,
    )
    document.addPageTemplates(PageTemplate(frames=[frame]))
    document.build(story.flowables(), canvasmaker=_canvas_of(story))
    return out.getvalue()


def _canvas_of(story: Story) -> type[Canvas]:
    form, locale = story.form, story.locale

    class Numbered(Canvas):  # type: ignore[misc]
        """Holds the pages back until their total is known."""

        def __init__(self, *args: Any, **options: Any) -> None:
            # reportlab would name Helvetica, not embedded, on every page
            super().__init__(*args, **{**options, "initialFontName": REGULAR})
            self._held: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 - reportlab's name
            self._held.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for state in self._held:
                self.__dict__.update(state)
                self._number(len(self._held))
                super().showPage()
            super().save()

        def _number(self, pages: int) -> None:
            page, size = self.getPageNumber(), form.sizes.page_number
            self.setFont(REGULAR, size)
            if form.page_numbers is PageNumbers.BOTTOM_OF_TOTAL:
                text = words.say(locale, "page", page=page, pages=pages)
                self.drawRightString(A4[0] - form.margins.right_mm * mm, 11 * mm, text)
            elif page > 1:
                # Decree 30/2020, Annex I: centred in the top margin, not on the first page
                self.drawCentredString(A4[0] / 2, A4[1] - form.margins.top_mm * mm * 0.62, str(page))

    return Numbered
