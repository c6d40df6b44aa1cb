"""What a rehearsal puts on air: a source, its stage, a mirror of it at every other relay. Undone at the end.

Nothing of this is done to a studio that real bridges use, unless it is forced.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import time
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import aiohttp

from media.client import Programme, RelayClient, RelayRefused, RelayUnreachable, Stage, StudioState
from media.endpoint.joining import JoinFailed
from media.rehearsal.synthetic import SOURCE_MARK, Studio
from media.rehearsal.virtual import VIRTUAL
from media.tokens import Scope

SOURCE_PEER: Final = VIRTUAL + "source"
PICTURE: Final = (640, 360)
SOURCE_WITHIN_S: Final = 30.0
LOOK_S: Final = 1.0
LINGER_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class Source:
    """`kind`: "full" or "light" (sound only), packets with the time in them; "real", a test picture and a tone.

    `mark`: a byte in every synthetic packet, by which a bench tells sources apart.
    """

    studio: str
    programme: str
    kind: str = "full"
    peer: str = SOURCE_PEER
    mark: int = SOURCE_MARK


class InUse(Exception):
    """Real bridges send or watch in this studio, or are wanted on its stage."""


async def run_source(relay: RelayClient, source: Source, *, staged: bool, until_eof: bool) -> None:
    """A publisher of its own process, so that it keeps its pace; ends on a signal. SIGUSR1: picture on.

    `staged`: it puts itself on air, and stays wanted there. `until_eof`: ends with standard input too.
    """
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if until_eof:
        loop.add_reader(0, stop.set)
    if staged:
        await relay.stage(source.studio, source.programme, source.peer, (source.peer,))
    async with _real(relay, source) if source.kind == "real" else _synthetic(relay, source):
        sys.stdout.write(json.dumps({"ready": True}) + "\n")
        sys.stdout.flush()
        await stop.wait()


@asynccontextmanager
async def _synthetic(relay: RelayClient, source: Source) -> AsyncIterator[None]:
    studio = Studio(relay, source.studio, source.peer, source.mark)
    studio.video = source.kind != "light"
    try:
        await studio.open()
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, setattr, studio, "video", True)
        sending = asyncio.create_task(studio.run())
        try:
            yield
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
    finally:
        studio.close()


@asynccontextmanager
async def _real(relay: RelayClient, source: Source) -> AsyncIterator[None]:
    from media.endpoint.endpoint import Publisher
    from media.endpoint.testcard import TestPicture, Tone

    url = f"{relay.base_url}/whip/{source.studio}"
    token = relay.token(Scope.PUBLISH, source.studio, source.peer)
    async with aiohttp.ClientSession() as http:
        publisher = Publisher(http, url, token, [], [TestPicture((32, 96, 160), PICTURE), Tone()])
        try:
            await publisher.open()
            yield
        finally:
            await publisher.close()


@asynccontextmanager
async def _apart(relay: RelayClient, source: Source) -> AsyncIterator[None]:
    """A real source encodes: in a process of its own, that ends with ours, and that Ctrl-C leaves to us."""
    words = ["--relay", relay.base_url, "--studio", source.studio, "--programme", source.programme]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "media", "rehearse", *words, "--peer", source.peer,
        "--source-only", source.kind, "--off-air", "--until-eof",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(SOURCE_WITHIN_S):
            if not await process.stdout.readline():
                raise JoinFailed("the source did not get in")
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@asynccontextmanager
async def on_air(relays: Sequence[RelayClient], source: Source, *, force: bool) -> AsyncIterator[None]:
    """The source sends to the first relay, the others mirror its programme from there.

    Raises: InUse; RelayUnreachable, RelayRefused, JoinFailed; aiohttp.ClientError, TimeoutError.
    """
    states = [await relay.studio(source.studio) for relay in relays]
    if not force:
        _require_free(states, source)
    befores = [state.programmes.get(source.programme, Programme(Stage(), Stage())) for state in states]
    home, home_id = relays[0], (await relays[0].standing()).id
    async with contextlib.AsyncExitStack() as undo:
        for relay, before in zip(relays, befores, strict=True):
            # Another name of the same relay is no other: it cannot mirror itself.
            wanted = () if (await relay.standing()).id == home_id else (home.base_url,)
            if before.parents != wanted:
                undo.push_async_callback(_mirror_again, relay, source, before)
                await relay.parents(source.studio, source.programme, wanted)
        undo.push_async_callback(_stage_again, home, source, befores[0].wanted)
        await home.stage(source.studio, source.programme, source.peer, (source.peer,))
        await undo.enter_async_context((_apart if source.kind == "real" else _synthetic)(home, source))
        yield


def _require_free(states: Sequence[StudioState], source: Source) -> None:
    """Raises: InUse."""
    names: set[str] = set()
    for state in states:
        names |= {one.peer for one in state.sources} | {one.peer for one in state.viewers}
        for programme in state.programmes.values():
            names |= {peer for peer in (programme.wanted.video, *programme.wanted.audio) if peer is not None}
    real = sorted(name for name in names if not name.startswith(VIRTUAL))
    if real:
        some = ", ".join(real[:3]) + (", …" if len(real) > 3 else "")
        raise InUse(
            f"{source.studio} is in use by {len(real)} that are no virtual bridges ({some}); "
            "--force puts a source on air there all the same"
        )


async def _mirror_again(relay: RelayClient, source: Source, before: Programme) -> None:
    with _telling(relay):
        await relay.parents(source.studio, source.programme, before.parents)


async def _stage_again(relay: RelayClient, source: Source, before: Stage) -> None:
    """Unless somebody else has been put on air meanwhile."""
    with _telling(relay):
        now = await relay.programme(source.studio, source.programme)
        if now is not None and now.wanted.video == source.peer:
            again = Stage() if before.video == source.peer else before  # a rehearsal was killed: not its stage
            await relay.stage(source.studio, source.programme, again.video, again.audio)


@contextlib.contextmanager
def _telling(relay: RelayClient) -> Iterator[None]:
    try:
        yield
    except (RelayUnreachable, RelayRefused) as error:
        sys.stderr.write(f"{relay.base_url} is left as it is: {error}\n")


async def _others_watch(relays: Sequence[RelayClient], source: Source, own: Collection[str]) -> bool:
    """Whether virtual bridges of another machine are there; of the own ones some may not be gone yet."""
    for relay in relays:
        with contextlib.suppress(RelayUnreachable, RelayRefused):
            viewers = (await relay.studio(source.studio)).viewers
            names = {v.peer for v in viewers if v.programme == source.programme}
            if any(name.startswith(VIRTUAL) for name in names.difference(own)):
                return True
    return False


async def linger(relays: Sequence[RelayClient], source: Source, own: Collection[str], notice: str) -> None:
    """Until no other machine's bridges watch, at most LINGER_S; `notice` says why."""
    until = time.monotonic() + LINGER_S
    try:
        while time.monotonic() < until and await _others_watch(relays, source, own):
            sys.stderr.write(f"\r{notice}")
            sys.stderr.flush()
            await asyncio.sleep(LOOK_S)
    finally:
        sys.stderr.write("\n")
