"""Pages of which other origins may send and watch (CORS, the Fetch standard). No input or output."""

from collections.abc import Collection
from typing import Final

_EXPOSED: Final = "Location, ETag, Link, Accept-Post, Accept-Patch, Retry-After, WWW-Authenticate"


def cors_headers(origin: str, origins: Collection[str], methods: str | None = None) -> dict[str, str]:
    """The headers of an answer by which a page of this origin may read it; none when it may not.

    `origins`: `*` is any. `methods`: of an answer to OPTIONS, what may be asked.
    """
    if not origin or (origin not in origins and "*" not in origins):
        return {}
    headers = {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": _EXPOSED,
        "Vary": "Origin",
    }
    if methods is not None:
        headers |= {
            "Access-Control-Allow-Methods": methods,
            "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
            "Access-Control-Max-Age": "600",
        }
    return headers
