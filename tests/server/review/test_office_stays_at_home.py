"""An office paper made by an enemy: turning it into pages calls nobody and reads nothing of ours."""

from __future__ import annotations

import asyncio
import io
import shutil
import zipfile
from pathlib import Path

import pypdfium2
import pytest

from tests.server.town import Town

pytestmark = pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")


async def test_a_word_document_cannot_make_the_server_call_an_address(town: Town) -> None:
    hit = asyncio.Event()

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hit.set()
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    secretary = await town.caller("secretary")
    meeting_id = await town.meeting(convene=True)
    answer = await secretary.upload(meeting_id, _docx_with_link(f"http://127.0.0.1:{port}/x.png"), "a.docx")
    server.close()
    assert answer.status in (201, 422), answer.json
    assert not hit.is_set()


def _docx_with_link(url: str) -> bytes:
    ct = (
        '<?xml version="1.0" encoding="UTF-8"?><Types '
        'xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
    )
    rels = (
        '<?xml version="1.0"?><Relationships '
        'xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
        'Target="word/document.xml"/></Relationships>'
    )
    drels = (
        '<?xml version="1.0"?><Relationships '
        'xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId9" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" '
        f'Target="{url}" TargetMode="External"/></Relationships>'
    )
    doc = (
        '<?xml version="1.0"?><w:document '
        'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
        'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
        'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture">'
        "<w:body><w:p><w:r><w:t>Xin chào</w:t></w:r>"
        '<w:r><w:drawing><wp:inline><wp:extent cx="900000" cy="900000"/><wp:docPr id="1" name="p"/><a:graphic>'
        '<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic><pic:nvPicPr>'
        '<pic:cNvPr id="0" '
        'name="x"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:link="rId9"/><a:stretch>'
        "<a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off "
        'x="0" y="0"/><a:ext cx="900000" cy="900000"/>'
        "</a:xfrm><a:prstGeom "
        'prst="rect"/></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing>'
        "</w:r></w:p></w:body></w:document>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("[Content_Types].xml", ct)
        z.writestr("_rels/.rels", rels)
        z.writestr("word/_rels/document.xml.rels", drels)
        z.writestr("word/document.xml", doc)
    return out.getvalue()


def _odt(body: str) -> bytes:
    out = io.BytesIO()
    ns = (
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
        'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" '
        'xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0" '
        'xmlns:xlink="http://www.w3.org/1999/xlink" office:version="1.2"'
    )
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        z.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" '
            'manifest:version="1.2"><manifest:file-entry manifest:full-path="/" '
            'manifest:media-type="application/vnd.oasis.opendocument.text"/><manifest:file-entry '
            'manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>',
        )
        z.writestr(
            "content.xml",
            f'<?xml version="1.0"?><office:document-content {ns}><office:body><office:text>'
            f"<text:p>Mở đầu</text:p>{body}</office:text></office:body></office:document-content>",
        )
    return out.getvalue()


async def test_an_open_document_cannot_read_the_servers_files_nor_call_out(town: Town, tmp_path: Path) -> None:
    secret = tmp_path / "signers.txt"
    secret.write_text("BIMATCUAMAYCHU")
    hit = asyncio.Event()

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hit.set()
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    body = (
        f'<text:section text:name="s"><text:section-source xlink:href="{secret.as_uri()}" '
        'text:filter-name="Text"/><text:p/></text:section>'
        '<text:p><draw:frame draw:name="f" text:anchor-type="paragraph" svg:width="3cm" svg:height="3cm">'
        f'<draw:image xlink:href="http://127.0.0.1:{port}/x.png" xlink:type="simple"/></draw:frame></text:p>'
    )
    secretary = await town.caller("secretary")
    meeting_id = await town.meeting(convene=True)
    answer = await secretary.upload(meeting_id, _odt(body), "a.odt")
    server.close()
    assert answer.status == 201, answer.json
    pages = await secretary.get(f"/api/papers/{answer.json['id']}/pages")
    if pages.status == 200:
        text = "".join(p.get_textpage().get_text_range() for p in pypdfium2.PdfDocument(pages.content))
        assert "BIMATCUAMAYCHU" not in text
    assert not hit.is_set()
