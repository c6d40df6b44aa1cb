"""Office documents to PDF by LibreOffice, when it is installed; one at a time, bounded, killable."""

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
_SUFFIXES = {
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
_log = structlog.get_logger("server.papers.office")


class Office:
    """`profile`: LibreOffice's own folder, kept so that the second conversion is quicker than the first."""

    def __init__(self, program: str, profile: Path) -> None:
        self._program = shutil.which(program)
        self._profile = profile
        self._one_at_a_time = asyncio.Lock()

    @property
    def installed(self) -> bool:
        return self._program is not None

    async def convert(self, source: Path, media_type: str, target: Path) -> bool:
        """Whether `target` now has the pages. False: not installed, not that kind, or it failed."""
        suffix = _SUFFIXES.get(media_type)
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
        process = await asyncio.create_subprocess_exec(
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


def _bounds() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_MAX, FILE_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (TIMEOUT_S, TIMEOUT_S))
