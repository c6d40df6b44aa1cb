"""Command line: the relay itself, and who calls one: `bridge`, `record`, `rehearse`, `drain`, `faults`.

The relay's environment is read here; workers get none of it.
"""

import argparse
import asyncio
import contextlib
import importlib
import json
import logging
import os
import re
import secrets
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from media.commands import KEY_VARIABLE, Help, media_key

if TYPE_CHECKING:
    from media.face.relay import Relay, RelaySettings

TURN_VARIABLE = "DIENHONG_TURN_SECRET"
REGISTRY_VARIABLE = "DIENHONG_REDIS_URL"
BACKLOG = 1024  # a thousand bridges may come at once
OTHERS = {
    "bridge": "media.endpoint.agent",
    "record": "media.recording.record",
    "rehearse": "media.rehearsal.rehearsal",
    "drain": "media.relay.drain",
    "faults": "media.rehearsal.faults_command",
}


def main(arguments: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if arguments is None else arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    if words[:2] == ["relay", "drain"]:
        words = words[1:]
    # The others belong to modules that the relay does not need; they read their own words.
    if words and (module := OTHERS.get(words[0])):
        return int(importlib.import_module(module).main(words[1:]) or 0)
    parsed = _parser().parse_args(words)
    return _worker(parsed) if parsed.command == "worker" else _relay(parsed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dienhong", description="What carries picture and sound.")
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="{relay,bridge,record,rehearse,drain,faults}"
    )
    _add_relay(
        commands.add_parser(
            "relay",
            help="carry programmes from sources to viewers",
            formatter_class=Help,
            description="Carry programmes from sources to viewers (WHIP, WHEP, control). The key that the server "
            f"has too is read from {KEY_VARIABLE}, the secret of TURN servers from {TURN_VARIABLE}.",
            epilog="To stop a relay without anybody's loss, first empty it: `dienhong relay drain URL` (see its "
            "--help).",
        )
    )
    commands.add_parser("bridge", help="a headless endpoint of a bridge")
    commands.add_parser("record", help="write a programme to files")
    commands.add_parser("rehearse", help="many virtual bridges against a relay")
    commands.add_parser("drain", help="empty a relay, so that it can be stopped; also `relay drain`")
    commands.add_parser("faults", help="disturb a relay in test mode")
    _add_worker(commands.add_parser("worker"))
    return parser


def _add_relay(relay: argparse.ArgumentParser) -> None:
    relay.add_argument("--http", default="127.0.0.1:8900", help="address of the HTTP face")
    relay.add_argument("--udp", default="0.0.0.0:50000", help="first UDP port; worker i takes port + i")
    relay.add_argument("--tcp", default="", help="the same in TCP, for peers without UDP; none without it")
    relay.add_argument(
        "--announce", default="", help="addresses that peers are told, with commas; without it this machine's"
    )
    relay.add_argument("--workers", type=int, default=1, help="worker processes, one for each core")
    relay.add_argument("--id", default="", help="its name among relays; made up without it")
    relay.add_argument(
        "--mirror-keep", type=float, default=30.0, help="seconds that a mirror outlives its viewers"
    )
    relay.add_argument("--home-seats", type=int, default=32, help="viewers of a studio on its first worker")
    relay.add_argument("--base-path", default="", help="path under which a proxy shows the HTTP face")
    relay.add_argument("--origin", action="append", default=[], help="web origin allowed by CORS; repeatable")
    relay.add_argument(
        "--ice-server", action="append", default=[], help="stun: or turn: URL told to peers; repeatable"
    )
    relay.add_argument("--max-kbps", type=int, default=2500, help="bit rate that a source may send")
    relay.add_argument(
        "--registry", help=f"announce the relay in this Redis; `env`: in that of {REGISTRY_VARIABLE}"
    )
    relay.add_argument("--registry-prefix", default="dienhong", help="what its keys begin with")
    relay.add_argument("--public-url", default="", help="where servers and other relays reach the HTTP face")
    relay.add_argument("--region", default="", help="the units whose bridges it is near to, with commas")
    relay.add_argument("--record-into", default="", help="folder for recordings; none are made without it")
    relay.add_argument("--record-max-mb", type=float, help="the most that one recording may hold")
    relay.add_argument("--record-min-free-mb", type=float, help="left free on that disk by all recordings")
    relay.add_argument(
        "--mode", choices=("gso", "sendmmsg", "sendto"), help="how datagrams leave; found out without it"
    )
    relay.add_argument("--faults", action="store_true", help="test mode: may be disturbed on purpose")


def _add_worker(worker: argparse.ArgumentParser) -> None:
    """What a relay starts its workers with."""
    worker.add_argument("--faults", action="store_true")
    for name, kind in (("channel", int), ("host", str), ("port", int), ("max-kbps", int)):
        worker.add_argument(f"--{name}", type=kind, required=True)
    worker.add_argument("--mode")
    worker.add_argument("--index", type=int, default=0)
    worker.add_argument("--links", default="")
    worker.add_argument("--tcp-host")
    worker.add_argument("--tcp-port", type=int, default=0)
    worker.add_argument("--relay", default="")


def host_and_port(text: str) -> tuple[str, int]:
    """Raises: ValueError for anything but `host:port` or `[host]:port`."""
    host, separator, port = text.rpartition(":")
    if not separator or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"not an address with a port: {text}")
    return host.removeprefix("[").removesuffix("]"), int(port)


def local_addresses(host: str) -> tuple[str, ...]:
    """What to announce for a bound host: itself, or every address of this machine for a wildcard."""
    if host not in ("0.0.0.0", "::"):  # noqa: S104 (a comparison, not a binding)
        return (host,)
    import ifaddr

    found: list[str] = []
    for adapter in ifaddr.get_adapters():
        for address in adapter.ips:
            if isinstance(address.ip, str):
                found.append(address.ip)
            elif host == "::" and not address.ip[0].startswith("fe80"):
                found.append(address.ip[0])
    # Loopback last: only peers on this machine can use it.
    return tuple(sorted(found, key=lambda a: a.startswith("127.") or a == "::1")[:8])


def _worker(parsed: argparse.Namespace) -> int:
    from media.fanout.transmit import Mode
    from media.worker import worker

    mode = Mode(parsed.mode) if parsed.mode else None
    where = worker.WorkerSettings(
        parsed.host,
        parsed.port,
        parsed.max_kbps,
        mode,
        index=parsed.index,
        relay=parsed.relay,
        links=parsed.links,
        faults=parsed.faults,
        tcp=(parsed.tcp_host, parsed.tcp_port) if parsed.tcp_host else None,
    )
    worker.main(parsed.channel, where)
    return 0


def _relay(parsed: argparse.Namespace) -> int:
    from media.face.relay import RelaySettings
    from media.relay.crew import CrewSettings
    from media.relay.recording import RecordingSettings
    from media.transport import descriptors
    from media.wire.turn import IceServers

    try:
        key = media_key().encode()
        http, (host, port) = host_and_port(parsed.http), host_and_port(parsed.udp)
        tcp = host_and_port(parsed.tcp) if parsed.tcp else None
        servers = IceServers(tuple(parsed.ice_server), os.environ.get(TURN_VARIABLE, "").encode())
        workers = parsed.workers
        if not 1 <= workers <= 64:
            raise ValueError("--workers: from 1 to 64")
        name = parsed.id or secrets.token_hex(4)
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,32}", name):
            raise ValueError("--id: 1 to 32 letters, digits and ._-")
    except ValueError as trouble:
        sys.stderr.write(f"{trouble}\n")
        return 2
    announce = tuple(a.strip() for a in parsed.announce.split(",") if a.strip()) or local_addresses(host)
    settings = RelaySettings(
        key=key,
        announce=announce,
        crew=CrewSettings(
            host, port, workers, parsed.max_kbps, parsed.mode, parsed.home_seats, tcp, name, parsed.faults
        ),
        base_path="/" + parsed.base_path.strip("/") if parsed.base_path.strip("/") else "",
        origins=tuple(parsed.origin),
        region=parsed.region,
        recording=RecordingSettings(Path(parsed.record_into), parsed.record_max_mb, parsed.record_min_free_mb)
        if parsed.record_into
        else None,
        keep_s=parsed.mirror_keep,
        ice_servers=servers,
    )
    registry = os.environ.get(REGISTRY_VARIABLE, "") if parsed.registry == "env" else parsed.registry
    if parsed.registry and not registry:
        sys.stderr.write(f"--registry env: {REGISTRY_VARIABLE} is not set\n")
        return 2
    announced = Announced(registry or "", key, parsed.registry_prefix, parsed.public_url.rstrip("/"))
    descriptors.ask_for_all()
    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(_serve(settings, announced, *http))
    return 0


@dataclass(frozen=True, slots=True)
class Announced:
    """Where the relay is announced, if anywhere (`redis_url`), and as what."""

    redis_url: str
    key: bytes
    prefix: str
    public_url: str

    async def keep(self, relay: "Relay", own_url: str) -> None:
        """Until cancelled."""
        if not self.redis_url:
            return
        from media.relay.registry import Registry

        registry = Registry(self.redis_url, self.key, self.prefix, relay.standing.id)
        relay.control.on_drain = registry.changed
        url = self.public_url or own_url
        await registry.keep(lambda: {"url": url, **relay.standing.snapshot()})


async def _serve(settings: "RelaySettings", announced: Announced, host: str, port: int) -> int:
    from aiohttp import web

    from media.face.relay import Relay

    relay = Relay(settings)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(relay.application(), access_log=None)
    await runner.setup()
    try:
        await relay.crew.start()
        site = web.TCPSite(runner, host, port, backlog=BACKLOG)
        await site.start()
        bound = runner.addresses[0]
        ready = {
            "ready": True,
            "http": f"http://{bound[0]}:{bound[1]}{settings.base_path}",
            "udp": [hand.port for hand in relay.crew.hands],
            "tcp": [hand.tcp_port for hand in relay.crew.hands if hand.tcp_port],
            "announce": list(settings.announce),
            "id": settings.crew.relay,
        }
        relay.recordings.open(bound[:2], settings.crew.host)
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        keeping = asyncio.create_task(announced.keep(relay, str(ready["http"])))
        try:
            await stop.wait()
        finally:
            # Out of the registry first: nobody is sent here any more while the last ones leave.
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
    except (RuntimeError, OSError) as trouble:
        sys.stderr.write(f"the relay cannot start: {trouble}\n")
        return 1
    finally:
        await relay.recordings.stop()
        await runner.cleanup()
        await relay.cascade.close()
        await relay.crew.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
