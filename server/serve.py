"""The life of the server process: listens, says when everything answers, ends cleanly on a signal."""

from __future__ import annotations

import asyncio
import signal
import sys
from time import perf_counter
from typing import TYPE_CHECKING

from server import logs
from server.relay import RelayProcess
from server.settings import Settings
from server.tasks import Supervisor

if TYPE_CHECKING:
    from aiohttp import web

    from server.house import House

RELAY_WAIT_S = 15.0
SHUTDOWN_S = 5.0
_BEGAN = perf_counter()


def run(settings: Settings, *, demo: bool) -> int:
    logs.configure(settings.log_level)
    return asyncio.run(_serve(for_demo(settings) if demo else settings, demo=demo))


def for_demo(settings: Settings) -> Settings:
    """The demo shows all there is: it records beside its data unless told where."""
    if settings.recordings:
        return settings
    return settings.model_copy(update={"recordings": str(settings.data / "recordings")})


async def _serve(settings: Settings, *, demo: bool) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    supervisor = Supervisor()
    app = await _made(settings, supervisor)
    from aiohttp import web

    from server.house import HOUSE

    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S)
    try:
        await runner.setup()
        site = web.TCPSite(runner, settings.host, settings.port, backlog=1024)
        try:
            await site.start()
        except OSError as error:
            sys.stderr.write(f"cannot listen on {settings.host}:{settings.port}: {error.strerror or error}\n")
            return 1
        port = runner.addresses[0][1]
        await _relay_answers(app[HOUSE], stop)
        await _say_ready(app[HOUSE], port, demo=demo)
        await stop.wait()
        return 0
    finally:
        await supervisor.stop()
        await runner.cleanup()


async def _made(settings: Settings, supervisor: Supervisor) -> web.Application:
    """The relay starts while we still import: the start takes as long as the longer of the two."""
    if not settings.own_relay:
        from server.app import make_app

        return make_app(settings)
    own_relay = RelayProcess(settings)
    supervisor.keep("relay", own_relay.run)
    await own_relay.started.wait()
    from server.app import make_app

    return make_app(settings, own_relay=own_relay)


async def _relay_answers(house: House, stop: asyncio.Event) -> None:
    """Or the wait is over: a meeting without picture is better than none."""
    if house.own_relay is None:
        return
    waits = {asyncio.ensure_future(house.own_relay.ready.wait()), asyncio.ensure_future(stop.wait())}
    _, left = await asyncio.wait(waits, timeout=RELAY_WAIT_S, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()


async def _say_ready(house: House, port: int, *, demo: bool) -> None:
    settings = house.settings
    if settings.port == 0 and not settings.public_url:
        settings = settings.model_copy(update={"port": port})
    lines = [f"Diên Hồng: {settings.url}"]
    if demo:
        from uuid_utils.compat import uuid7

        from server.demo import table, ways_in

        lines += ["", table(await ways_in(house.store, settings, house.now(), uuid7)), ""]
    if not house.relay_up():
        lines.append("relay: not answering yet, conferences have no picture until it does")
    lines.append(f"ready in {perf_counter() - _BEGAN:.1f} s")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
