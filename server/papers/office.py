"""Office documents to PDF by LibreOffice, when it is installed; one at a time, bounded, killable.

A document may be an enemy's: it runs nothing and follows no link, by LibreOffice's own settings (written anew each
time, since it writes its profile itself) and, where the system lets us, without any network.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import shutil
import signal
import tempfile
from pathlib import Path

import structlog

TIMEOUT_S = 90
FILE_MAX = 300 * 1024 * 1024
MEMORY_MAX = 4 * 1024 * 1024 * 1024
SUFFIXES = {
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "application/vnd.oasis.opendocument.presentation": ".odp",
    "application/msword": ".doc",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.ms-powerpoint": ".ppt",
}
_SCRIPTING = "org.openoffice.Office.Common/Security/Scripting"
#: 3: no macro but of places we trust, and we trust none. Update/Link: never, numbered differently by each.
#: What a version does not know yet it passes over.
_SETTINGS = (
    (_SCRIPTING, "BlockUntrustedRefererLinks", "true"),
    (_SCRIPTING, "DisableActiveContent", "true"),
    (_SCRIPTING, "DisableMacrosExecution", "true"),
    (_SCRIPTING, "MacroSecurityLevel", "3"),
    ("org.openoffice.Office.Writer/Content/Update", "Link", "2"),
    ("org.openoffice.Office.Calc/Content/Update", "Link", "1"),
)
#: A network of its own, in which nothing is.
_ALONE = ("unshare", "--map-root-user", "--net")
_PROBE_S = 5
_log = structlog.get_logger("server.papers.office")


class Office:
    """`profile`: LibreOffice's own folder, kept so that the second conversion is quicker than the first."""

    def __init__(self, program: str, profile: Path) -> None:
        self._program = shutil.which(program)
        self._profile = profile
        self._one_at_a_time = asyncio.Lock()
        self._alone: tuple[str, ...] | None = None

    @property
    def installed(self) -> bool:
        return self._program is not None

    async def convert(self, source: Path, media_type: str, target: Path) -> bool:
        """Whether `target` now has the pages. False: not installed, not that kind, or it failed."""
        suffix = SUFFIXES.get(media_type)
        if self._program is None or suffix is None:
            return False
        async with self._one_at_a_time:
            with tempfile.TemporaryDirectory(prefix="dienhong-office-") as folder:
                inside = Path(folder, f"paper{suffix}")
                await asyncio.to_thread(shutil.copyfile, source, inside)
                if not await self._run(inside):
                    return False
                made = inside.with_suffix(".pdf")
                if not made.is_file():
                    return False
                await asyncio.to_thread(shutil.move, made, target)
                return True

    async def _run(self, paper: Path) -> bool:
        assert self._program is not None
        if self._alone is None:
            self._alone = await _alone()
        await asyncio.to_thread(_settle, self._profile)
        process = await asyncio.create_subprocess_exec(
            *self._alone,
            self._program,
            f"-env:UserInstallation={self._profile.resolve().as_uri()}",
            "--headless",
            "--norestore",
            "--nolockcheck",
            "--convert-to",
            "pdf",
            "--outdir",
            str(paper.parent),
            str(paper),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={"HOME": str(paper.parent), "PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"},
            start_new_session=True,  # soffice is a script around the program: both must end
            preexec_fn=_bounds,
        )
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await process.wait() == 0
        except TimeoutError:
            _log.warning("the conversion took too long and was ended", limit_s=TIMEOUT_S)
            return False
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()


async def _alone() -> tuple[str, ...]:
    """The words before a program that keep it from the network, if this system lets us."""
    try:
        probe = await asyncio.create_subprocess_exec(
            *_ALONE,
            "true",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        if await asyncio.wait_for(probe.wait(), _PROBE_S) == 0:
            return _ALONE
    except (OSError, TimeoutError):
        pass
    _log.warning("conversions run with the network in reach; only their own settings keep them from it")
    return ()


def _settle(profile: Path) -> None:
    """What LibreOffice reads as its user's settings."""
    items = "".join(
        f'<item oor:path="/{path}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop></item>'
        for path, name, value in _SETTINGS
    )
    user = profile / "user"
    user.mkdir(parents=True, exist_ok=True, mode=0o700)
    (user / "registrymodifications.xcu").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<oor:items xmlns:oor="http://openoffice.org/2001/registry">{items}</oor:items>',
        encoding="utf-8",
    )


def _bounds() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_MAX, FILE_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (TIMEOUT_S, TIMEOUT_S))
