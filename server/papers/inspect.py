"""Looks into an upload in a process of its own, with bounds on time and memory.

`python -m server.papers.inspect FILE [PAGES]` prints one line of JSON, a `Finding`.
Whatever a hostile file does to the parsers happens here, not in the server.
"""

from __future__ import annotations

import json
import resource
import sys
import warnings
import zipfile
from pathlib import Path

PAGES_MAX = 5_000
UNPACKED_MAX = 400 * 1024 * 1024
ENTRIES_MAX = 20_000
PIXELS_MAX = 100_000_000
MEMORY_MAX = 2 * 1024**3
CPU_MAX_S = 60

PDF = "application/pdf"
_OOXML = "application/vnd.openxmlformats-officedocument."
#: By what stands in `[Content_Types].xml`.
OFFICE_XML = {
    b"wordprocessingml.document.main": _OOXML + "wordprocessingml.document",
    b"spreadsheetml.sheet.main": _OOXML + "spreadsheetml.sheet",
    b"presentationml.presentation.main": _OOXML + "presentationml.presentation",
}
#: By the `mimetype` entry.
OPEN_DOCUMENT = {f"application/vnd.oasis.opendocument.{kind}" for kind in ("text", "spreadsheet", "presentation")}
#: Names in a compound file's directory, UTF-16.
COMPOUND = {
    "WordDocument": "application/msword",
    "Workbook": "application/vnd.ms-excel",
    "PowerPoint Document": "application/vnd.ms-powerpoint",
}
_COMPOUND_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

Finding = dict[str, str | int]


def fault(code: str, **facts: int) -> Finding:
    return {"fault": code, **facts}


def look(path: Path, pages_to: Path | None = None) -> Finding:
    """`media_type` and, for what is pages already, their number; else `fault`."""
    with path.open("rb") as file:
        head = file.read(1024)
    if b"%PDF-" in head:
        return pdf(path)
    if head.startswith(b"PK\x03\x04"):
        return archive(path)
    if head.startswith(_COMPOUND_MAGIC):
        return compound(path)
    if head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
        return picture(path, pages_to)
    return fault("paper-type-unknown")


def pdf(path: Path) -> Finding:
    import pikepdf
    import pypdfium2

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pikepdf.open(path) as opened:
                pages = len(opened.pages)
        # the reader on the tablets is of another family: what only one of the two can open is broken
        document = pypdfium2.PdfDocument(path)
        try:
            if len(document) != pages:
                return fault("paper-broken")
            if pages:
                document[0].get_size()
        finally:
            document.close()
    except pikepdf.PasswordError:
        return fault("paper-encrypted")
    except (pikepdf.PdfError, pypdfium2.PdfiumError, ValueError, RuntimeError, RecursionError):
        return fault("paper-broken")
    if pages == 0:
        return fault("paper-broken")
    if pages > PAGES_MAX:
        return fault("paper-too-many-pages", limit=PAGES_MAX)
    return {"media_type": PDF, "pages": pages}


def archive(path: Path) -> Finding:
    """An office document by what is in it, not by its name. It is unpacked once, into nothing, and counted."""
    try:
        with zipfile.ZipFile(path) as opened:
            entries = opened.infolist()
            if len(entries) > ENTRIES_MAX or sum(e.file_size for e in entries) > UNPACKED_MAX:
                return fault("paper-bomb")
            if any(e.flag_bits & 1 for e in entries):
                return fault("paper-encrypted")
            names = {e.filename for e in entries}
            media_type = _media_type(opened, names)
            if media_type is None:
                return fault("paper-type-unknown")
            left = UNPACKED_MAX
            for entry in entries:
                with opened.open(entry) as stream:
                    while chunk := stream.read(1 << 20):
                        left -= len(chunk)
                        if left < 0:
                            return fault("paper-bomb")
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, ValueError, RuntimeError):
        return fault("paper-broken")
    except Exception as error:
        if type(error).__name__ == "error":  # zlib.error
            return fault("paper-broken")
        raise
    return {"media_type": media_type, "pages": 0}


def _media_type(opened: zipfile.ZipFile, names: set[str]) -> str | None:
    if "mimetype" in names and opened.getinfo("mimetype").file_size < 200:
        told = opened.read("mimetype").decode("ascii", "replace").strip()
        return told if told in OPEN_DOCUMENT else None
    if "[Content_Types].xml" in names and opened.getinfo("[Content_Types].xml").file_size < 4_000_000:
        types = opened.read("[Content_Types].xml")
        return next((media for mark, media in OFFICE_XML.items() if mark in types), None)
    return None


def compound(path: Path) -> Finding:
    content = path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in content:
        return fault("paper-encrypted")
    for name, media_type in COMPOUND.items():
        if name.encode("utf-16-le") in content:
            return {"media_type": media_type, "pages": 0}
    return fault("paper-type-unknown")


def picture(path: Path, pages_to: Path | None) -> Finding:
    """A photographed or scanned page: one A4 page with the picture as large as it fits."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = PIXELS_MAX
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(path, formats=("PNG", "JPEG")) as opened:
                media_type = str(Image.MIME[str(opened.format)])
                upright = ImageOps.exif_transpose(opened).convert("RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return fault("paper-bomb")
    except Exception:
        # Pillow's decoders raise almost anything for broken bytes
        return fault("paper-broken")
    if pages_to is not None:
        _page(upright, pages_to)
    return {"media_type": media_type, "pages": 1}


def _page(image: object, to: Path) -> None:
    from PIL.Image import Image
    from reportlab.lib.pagesizes import A4, landscape
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    assert isinstance(image, Image)
    width, height = landscape(A4) if image.width > image.height else A4
    scale = min(width / image.width, height / image.height)
    w, h = image.width * scale, image.height * scale
    canvas = Canvas(str(to), pagesize=(width, height), invariant=1)
    canvas.drawImage(ImageReader(image), (width - w) / 2, (height - h) / 2, w, h)
    canvas.save()


def main(arguments: list[str]) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_MAX_S, CPU_MAX_S))
    try:
        found = look(Path(arguments[0]), Path(arguments[1]) if len(arguments) > 1 else None)
    except MemoryError:
        found = fault("paper-bomb")
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
