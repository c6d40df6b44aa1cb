"""Bytes on their way out: ranges, conditional requests, names in any script, and nothing that runs in a page."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

from aiohttp import web

from server.api.call import Call
from server.papers.desk import File

#: Kept by the reader's own device, but asked for each time: rights may have gone.
CACHE = "private, no-cache"


async def send_blob(call: Call, file: File) -> web.StreamResponse:
    headers = _headers(file.media_type, file.name, inline=file.inline)
    return web.FileResponse(file.path, headers=headers)


def send_bytes(content: bytes, media_type: str, name: str) -> web.Response:
    return web.Response(body=content, headers=_headers(media_type, name, inline=True))


def _headers(media_type: str, name: str, *, inline: bool) -> dict[str, str]:
    return {
        "Content-Type": media_type,
        "Content-Disposition": disposition(name, inline=inline),
        "Cache-Control": CACHE,
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }


def disposition(name: str, *, inline: bool) -> str:
    """Source: RFC 6266, 4.3 and RFC 8187: a plain name for old readers, the whole one for the others."""
    folded = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D"))
    plain = "".join(ch for ch in folded if 32 <= ord(ch) < 127 and ch not in '"\\%;')
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{plain or 'paper'}\"; filename*=UTF-8''{quote(name, safe='')}"
