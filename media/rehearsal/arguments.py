"""The words of `dienhong rehearse`, and how people write a share and a moment."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from media.commands import KEY_VARIABLE, Help
from media.rehearsal.on_air import SOURCE_PEER
from media.rehearsal.prose import TEXTS
from media.rehearsal.synthetic import SOURCE_MARK
from media.rehearsal.verdict import Limits

STUDIO: Final = "rehearsal"  # a studio apart
BRIDGES: Final = 100
RELAYS_VARIABLE: Final = "DIENHONG_RELAY_URLS"
_USUAL: Final = Limits()


def read(words: Sequence[str]) -> argparse.Namespace:
    """Ends the process for words that make no sense, and for `--help`."""
    parser = argparse.ArgumentParser(
        prog="dienhong rehearse",
        formatter_class=Help,
        allow_abbrev=False,
        description="Many virtual bridges join running relays and watch; a report says whether all is ready. "
        f"The relays' key is read from {KEY_VARIABLE}; on the server's machine `dienhong` finds it.",
        epilog="Ends with 0: ready, 1: not ready, 2: could not be tried, 3: no verdict (this machine was too slow "
        "or too small, or it was stopped). Ctrl-C ends it early, with a report of what was seen so far.",
    )
    _add_place(parser.add_argument_group("to where"))
    _add_course(parser.add_argument_group("how"))
    _add_source(parser.add_argument_group("what is on air"))
    _add_machines(parser.add_argument_group("several machines"))
    _add_report(parser.add_argument_group("the report"))
    return parser.parse_args(words)


def _add_place(to: argparse._ArgumentGroup) -> None:
    to.add_argument(
        "--relay", action="append", default=[], metavar="URL",
        help="base of a relay's HTTP face, http://host:8900/media; repeatable. Without it those in "
        f"{RELAYS_VARIABLE}; on the server's machine `dienhong` finds the relays that the server uses",
    )  # fmt: skip
    to.add_argument(
        "--studio",
        help=f"a meeting's id, or any name (default: {STUDIO}, with a source of its own)",
    )
    to.add_argument("--programme", default="main", help="which programme of it they watch")
    to.add_argument(
        "--with", dest="ticket", type=Path, metavar="FILE", help="a ticket instead of the relays' address and key"
    )


def _add_course(how: argparse._ArgumentGroup) -> None:
    how.add_argument("--bridges", type=positive, help=f"how many (default: {BRIDGES}, or all that a ticket has)")
    how.add_argument("--seconds", type=float, default=10.0, help="how long they watch once all are in")
    how.add_argument("--storm", action="store_true", help="all ask at once; else 20 wait at a time")
    how.add_argument("--loss", type=share, default=0.0, help="of what arrives, as 0.02 or 2%%, lost on purpose")
    how.add_argument("--decode", type=int, default=2, help="how many of the bridges really look at the picture")


def _add_source(source: argparse._ArgumentGroup) -> None:
    source.add_argument(
        "--source", nargs="?", const="synthetic", choices=("synthetic", "real", "none"),
        help="put something on air at the first relay, mirrored at the others: packets with the time in them, or "
        "a test picture and a tone (default: synthetic without --studio if nothing is on air there, else none)",
    )  # fmt: skip
    source.add_argument("--force", action="store_true", help="also where real bridges send or watch")
    source.add_argument("--peer", default=SOURCE_PEER, help="the name of that source")
    # For the bench and for ourselves: a source that is a process of its own.
    source.add_argument("--source-only", choices=("full", "light", "real"), help=argparse.SUPPRESS)
    source.add_argument("--off-air", action="store_true", help=argparse.SUPPRESS)
    source.add_argument("--until-eof", action="store_true", help=argparse.SUPPRESS)
    source.add_argument("--mark", type=int, default=SOURCE_MARK, help=argparse.SUPPRESS)


def _add_machines(several: argparse._ArgumentGroup) -> None:
    several.add_argument("--first", type=int, default=0, help="number of the first bridge: each has its own")
    several.add_argument("--at", type=moment, help="when they ask: 14:30:00, or 2026-11-23T14:30:00")
    several.add_argument(
        "--write-ticket", type=Path, metavar="FILE", help="for a machine that has no key; nothing else is done"
    )
    several.add_argument(
        "--merge", nargs="+", type=Path, metavar="FILE", help="the reports in JSON of several machines: one of all"
    )


def _add_report(told: argparse._ArgumentGroup) -> None:
    told.add_argument("--json", action="store_true", help="as one line of JSON")
    told.add_argument("--language", choices=tuple(TEXTS), default=_language(), help="Vietnamese or English")
    told.add_argument("--max-wait", type=float, default=_USUAL.first_packet_s, help="seconds to the first packet")
    told.add_argument("--max-lost", type=share, default=_USUAL.lost, help="share of packets that stays lost")
    told.add_argument("--max-delay", type=float, default=_USUAL.delay_ms, help="milliseconds that relays add")
    told.add_argument(
        "--max-frozen", type=share, default=_USUAL.frozen, help="share of time that a picture stands"
    )
    told.add_argument("--max-core", type=float, default=_USUAL.core, help="of a core, for one process of a relay")


def _language() -> str:
    names = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    named = next((name for name in names if name), "")
    return "vi" if named.startswith("vi") else "en"


def positive(text: str) -> int:
    """One or more. Raises: ValueError."""
    value = int(text)
    if value < 1:
        raise ValueError("one at least")
    return value


def share(text: str) -> float:
    """A share of one: `0.02` or `2%`. Raises: ValueError."""
    value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    if not 0 <= value < 1:
        raise ValueError("a share lies between 0 and 1")
    return value


def moment(text: str) -> datetime:
    """A moment of this machine's clock; a time alone is the next one. Raises: ValueError."""
    now = datetime.now().astimezone()
    if "T" in text or "-" in text:
        return datetime.fromisoformat(text).astimezone()
    clock = datetime.strptime(text, "%H:%M:%S" if text.count(":") == 2 else "%H:%M")  # noqa: DTZ007 (local, below)
    at = now.replace(hour=clock.hour, minute=clock.minute, second=clock.second, microsecond=0)
    return at if at > now else at + timedelta(days=1)
