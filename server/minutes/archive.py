"""What is done to the laid-out PDF before anyone signs it: PDF/A-2b metadata and the empty signature fields.

Every field is there before the first signature: a field added later would be a change to a signed paper.
PDF/A is best effort: fonts, colour space and metadata are right by construction, no validator has confirmed it.
The same input gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from io import BytesIO

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, String
from PIL import ImageCms

# ISO 32000-1, 12.5.3: printed, and the widget cannot be moved
_PRINT_AND_LOCKED = 4 | 128
# ISO 32000-1, 12.7.2: signatures exist, and the file is only ever appended to
_SIGNED_APPEND_ONLY = 3


class SignatureRole(StrEnum):
    """The two fields of the paper, in the order of signing."""

    SECRETARY = "Secretary"
    CHAIR = "Chair"


@dataclass(frozen=True, slots=True)
class SignatureSpace:
    """Where a visible signature goes. `page` counts from 0; the box is left, bottom, right, top in points."""

    role: SignatureRole
    page: int
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Description:
    title: str
    author: str
    subject: str
    language: str
    made_at: datetime


def finish(laid_out: bytes, about: Description, spaces: Sequence[SignatureSpace]) -> bytes:
    """The paper ready to sign: PDF 1.7, PDF/A-2b metadata, one empty signature field per space."""
    with pikepdf.open(BytesIO(laid_out)) as pdf:
        _describe(pdf, about)
        _colours(pdf)
        _fields(pdf, spaces)
        out = BytesIO()
        # incremental updates follow a classic table more safely than a cross-reference stream
        pdf.save(
            out, deterministic_id=True, min_version="1.7", object_stream_mode=pikepdf.ObjectStreamMode.disable
        )
        return out.getvalue()


def _describe(pdf: Pdf, about: Description) -> None:
    stamp = about.made_at.strftime("D:%Y%m%d%H%M%S") + _zone(about.made_at)
    for key in list(pdf.docinfo.keys()):
        del pdf.docinfo[key]
    pdf.docinfo[Name.Title] = String(about.title)
    pdf.docinfo[Name.Author] = String(about.author)
    pdf.docinfo[Name.Subject] = String(about.subject)
    pdf.docinfo[Name.Creator] = String("Diên Hồng")
    pdf.docinfo[Name.Producer] = String("Diên Hồng")
    pdf.docinfo[Name.CreationDate] = String(stamp)
    pdf.docinfo[Name.ModDate] = String(stamp)
    with pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as xmp:
        xmp.load_from_docinfo(pdf.docinfo)
        xmp["pdfaid:part"] = "2"
        xmp["pdfaid:conformance"] = "B"
        xmp["dc:language"] = [about.language]
    pdf.Root.Lang = String(about.language)
    pdf.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)


def _zone(at: datetime) -> str:
    offset = at.strftime("%z") or "+0000"
    return f"{offset[:3]}'{offset[3:5]}'"


@cache
def _srgb() -> bytes:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # ICC.1, 7.2.8 and 7.2.18: creation time and profile id are free, and would differ from run to run
    profile[24:36] = b"\x07\xe4\x00\x01\x00\x01\x00\x00\x00\x00\x00\x00"
    profile[84:100] = bytes(16)
    return bytes(profile)


def _colours(pdf: Pdf) -> None:
    profile = pdf.make_stream(_srgb())
    profile.N = 3
    intent = Dictionary(
        Type=Name.OutputIntent,
        S=Name.GTS_PDFA1,
        OutputConditionIdentifier=String("sRGB"),
        Info=String("sRGB IEC61966-2.1"),
        DestOutputProfile=profile,
    )
    pdf.Root.OutputIntents = pdf.make_indirect(Array([pdf.make_indirect(intent)]))


def _fields(pdf: Pdf, spaces: Sequence[SignatureSpace]) -> None:
    widgets = [_widget(pdf, space) for space in spaces]
    form = Dictionary(Fields=Array(widgets), SigFlags=_SIGNED_APPEND_ONLY)
    pdf.Root.AcroForm = pdf.make_indirect(form)


def _widget(pdf: Pdf, space: SignatureSpace) -> pikepdf.Object:
    page = pdf.pages[space.page]
    left, bottom, right, top = (round(edge, 2) for edge in space.box)
    blank = pdf.make_stream(
        b"", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, right - left, top - bottom])
    )
    widget = pdf.make_indirect(
        Dictionary(
            Type=Name.Annot,
            Subtype=Name.Widget,
            FT=Name.Sig,
            T=String(space.role.value),
            F=_PRINT_AND_LOCKED,
            P=page.obj,
            Rect=Array([left, bottom, right, top]),
            AP=Dictionary(N=blank),
        )
    )
    if Name.Annots not in page.obj:
        page.obj.Annots = pdf.make_indirect(Array([]))
    page.obj.Annots.append(widget)
    return widget
