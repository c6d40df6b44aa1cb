"""The relay of our own: a child process of `python -m media relay`, watched and started again when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from server.settings import MEDIA_PATH, NO_RELAY, Settings

if TYPE_CHECKING:
    from signaling.relays import RelayEntry

STOP_S = 5.0
READY_S = 60.0
_ROOT = Path(__file__).resolve().parents[1]
_PR_SET_PDEATHSIG = 1
_log = structlog.get_logger("server.relay")


class RelayProcess:
    """`run` is one life of it; a supervisor gives it the next. `started`: the first began; `ready`: it answers.

    Implements signaling.relays.Relays: the one relay there is, at the same address in every life.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._url = ""
        self._port = settings.relay_http_port
        self.started = asyncio.Event()
        self.ready = asyncio.Event()
        self.lives = 0

    async def run(self) -> None:
        self.lives += 1
        process = await asyncio.create_subprocess_exec(
            *self._words(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **self._secrets()},
            cwd=_ROOT,
            preexec_fn=_die_with_parent,
        )
        self.started.set()
        try:
            assert process.stdout is not None
            async with asyncio.timeout(READY_S):
                told = json.loads(await process.stdout.readline())
            self._url = told["http"] if "://" in told["http"] else f"http://{told['http']}"
            self._port = int(self._url.rpartition(":")[2].split("/")[0])
            self._leave_address()
            self.ready.set()
            _log.info("relay is up", **{k: v for k, v in told.items() if k != "ready"})
            await process.stdout.read()
            _log.warning("relay ended", status=await process.wait())
        except (ValueError, KeyError):
            _log.error("relay did not start", status=await process.wait())
        finally:
            self.ready.clear()
            with contextlib.suppress(OSError):
                self._settings.relay_address.unlink()
            await _end(process)

    async def known(self) -> tuple[RelayEntry, ...]:
        from signaling.relays import RelayEntry

        return (RelayEntry(self._url),) if self._url else ()

    async def stop(self) -> None:
        """Its supervisor ends it."""

    def _leave_address(self) -> None:
        """Nobody in a meeting needs it: a folder that cannot be written ends no relay."""
        path = self._settings.relay_address
        draft = path.with_suffix(".new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft.write_text(f"{self._url}\n")
            draft.replace(path)
        except OSError as trouble:
            _log.warning("the relay's address cannot be left", path=str(path), trouble=str(trouble))

    def _secrets(self) -> dict[str, str]:
        turn = self._settings.turn_secret
        given = {"DIENHONG_TURN_SECRET": turn.get_secret_value()} if turn else {}
        return {"DIENHONG_MEDIA_KEY": self._settings.media_secret(), **given}

    def _words(self) -> list[str]:
        s = self._settings
        words = [sys.executable, "-m", "media", "relay", "--http", f"127.0.0.1:{self._port}", "--udp", s.relay_udp]
        if s.relay_tcp.strip() != NO_RELAY:
            words += ["--tcp", s.relay_tcp or s.relay_udp]
        words += ["--workers", str(s.relay_workers), "--base-path", MEDIA_PATH]
        for url in filter(None, s.turn_urls.split(",")):
            words += ["--ice-server", url]
        if s.recordings:
            into = str(Path(s.recordings).absolute())
            words += ["--record-into", into, "--record-max-mb", str(s.recordings_max_mb)]
            words += ["--record-min-free-mb", str(s.recordings_min_free_mb)]
        return [*words, *(["--announce", s.relay_announce] if s.relay_announce else [])]


async def known_relays(settings: Settings) -> tuple[str, ...]:
    """The relays that a server with these settings uses; none: it uses none, or it is not known which."""
    if settings.relay_registry:
        from signaling.relays import RedisRelays

        assert settings.redis_url is not None
        relays = RedisRelays(settings.redis_url, settings.media_secret(), settings.redis_prefix)
        try:
            entries = await relays.known()
        finally:
            await relays.stop()
        return tuple(entry.url for entry in entries if entry.stays) or tuple(entry.url for entry in entries)
    if settings.own_relay:
        with contextlib.suppress(FileNotFoundError):
            return (settings.relay_address.read_text().strip(),)
    return settings.relay_addresses


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _die_with_parent() -> None:
    """A server that is killed takes its relay along, else the next one finds the port taken. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
