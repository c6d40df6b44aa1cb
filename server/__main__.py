"""The command line: `dienhong serve`, and what an administrator does beside it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from server.settings import Settings

cli = typer.Typer(
    help="Diên Hồng: họp không giấy và hội nghị trực tuyến.", no_args_is_help=True, add_completion=False
)
accounts = typer.Typer(help="People and their first way in.", no_args_is_help=True)
journal = typer.Typer(help="The evidence.", no_args_is_help=True)
cli.add_typer(accounts, name="accounts")
cli.add_typer(journal, name="journal")

Data = Annotated[Path | None, typer.Option(help="The data folder.", show_default="DIENHONG_DATA or ./data")]
_KEY = "DIENHONG_MEDIA_KEY"
_HELP = {"-h", "--help"}
_PLACES = {"--relay", "--with", "--merge"}
_PASSED = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def _settings(data: Path | None = None, **others: object) -> Settings:
    from pydantic import ValidationError

    from server.settings import Settings

    given = {"data": data, **others}
    try:
        return Settings(**{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False, include_context=False):
            name = "_".join(map(str, fault["loc"])).upper().removeprefix("DIENHONG_")
            sys.stderr.write(f"DIENHONG_{name}: {fault['msg']}\n")
        raise typer.Exit(2) from None


@cli.command()
def serve(
    data: Data = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0: any free one.")] = None,
    demo: Annotated[bool, typer.Option(help="Keep a demo organisation and print a way in for each role.")] = False,
) -> None:
    """Start the server, and a relay unless one is configured."""
    from server.serve import run

    raise typer.Exit(run(_settings(data, host=host, port=port), demo=demo))


@cli.command(context_settings=_PASSED)
def relay(context: typer.Context) -> None:
    """Start a relay, or empty one (`relay drain URL`); arguments are its own."""
    _become("relay", context.args)


@cli.command(context_settings=_PASSED)
def bridge(context: typer.Context) -> None:
    """Start a headless bridge; arguments are its own."""
    _become("bridge", context.args)


@cli.command(context_settings=_PASSED)
def record(context: typer.Context) -> None:
    """Write a programme to files; arguments are its own."""
    _become("record", context.args)


@cli.command(context_settings=_PASSED)
def rehearse(context: typer.Context) -> None:
    """Join many virtual bridges to the relays and say whether all is ready; arguments are its own."""
    _become("rehearse", context.args)


@cli.command(context_settings=_PASSED)
def faults(context: typer.Context) -> None:
    """Disturb a relay that was started with `--faults`; arguments are its own."""
    _become("faults", context.args)


@cli.command()
def openapi() -> None:
    """Print the interface's document (OpenAPI 3.1)."""
    from server.api.openapi import text

    sys.stdout.write(text())


@journal.command()
def verify(meeting: Annotated[str, typer.Argument(help="The meeting's id.")], data: Data = None) -> None:
    """Recompute a meeting's chain; names the first bad entry and exits with 1 when it does not hold."""
    from server.office import verify_journal

    raise typer.Exit(asyncio.run(verify_journal(_settings(data), meeting)))


@accounts.command()
def add(
    username: str,
    name: Annotated[str, typer.Option(help="Full name.")],
    role: Annotated[list[str], typer.Option(help="administrator, secretary or member; repeatable.")],
    position: Annotated[str, typer.Option(help="Position.")] = "",
    organisation: Annotated[str, typer.Option(help="Its name; made when there is none of it yet.")] = "",
    data: Data = None,
) -> None:
    """Add a person and print a one-time sign-in link."""
    from server.office import add_person

    raise typer.Exit(asyncio.run(add_person(_settings(data), username, name, role, position, organisation)))


@accounts.command()
def link(username: str, data: Data = None) -> None:
    """Print a new one-time sign-in link for a person."""
    from server.office import make_link

    raise typer.Exit(asyncio.run(make_link(_settings(data), username)))


def _become(command: str, arguments: list[str]) -> None:
    if command != "bridge" and not _HELP & set(arguments):
        os.environ.update(_known(command, arguments))
    words = [sys.executable, "-m", "media", command, *arguments]
    os.execv(sys.executable, words)  # noqa: S606  # our own interpreter, our own module


def _known(command: str, arguments: list[str]) -> dict[str, str]:
    """What nobody told it and the server's own settings know: the media key, and where to rehearse."""
    from server.relay import known_relays

    placed = command != "rehearse" or any(word.partition("=")[0] in _PLACES for word in arguments)
    if _KEY in os.environ and placed:
        return {}
    settings, told = _settings(), {}
    try:
        if _KEY not in os.environ:
            known = settings.media_key or settings.secret or (settings.secrets_folder / "media.key").exists()
            # Only a relay that starts has any use for a key that is made now.
            if known or (command == "relay" and arguments[:1] != ["drain"]):
                told[_KEY] = settings.media_secret()
        if not placed and (told or _KEY in os.environ):
            told["DIENHONG_RELAY_URLS"] = ",".join(asyncio.run(known_relays(settings)))
    except PermissionError as trouble:
        sys.stderr.write(f"{trouble.filename}: {trouble.strerror}: run this as the server's user\n")
        raise typer.Exit(2) from None
    return told


def main() -> None:
    cli()


if __name__ == "__main__":
    main()
