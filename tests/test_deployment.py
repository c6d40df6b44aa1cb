"""The outgrown shape against the code: what docker-compose.yml, Dockerfile and .env.example say is what we read.

No engine runs here, so nothing is started; every name, argument, port and path is compared with its other end.
"""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from aioice import stun, turn

from media.__main__ import _parser as media_parser
from media.__main__ import host_and_port
from server.__main__ import cli
from server.papers.s3 import Place
from server.settings import MEDIA_PATH, Settings
from tests.media.coturn import running_coturn

ROOT = Path(__file__).resolve().parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SERVERS = sorted(name for name in SERVICES if name.startswith("server"))
RELAYS = sorted(name for name in SERVICES if name.startswith("relay"))
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
_ASKED = re.compile(r"(?<!\$)\$\{(\w+)(?::\?[^}]*)?\}")
GIVEN = {
    "DIENHONG_DOMAIN": "hop.example.vn",
    "DIENHONG_RELAY_ADDRESS": "192.0.2.10",
    "DIENHONG_DATABASE_PASSWORD": "1" * 64,
    "DIENHONG_REDIS_PASSWORD": "7" * 64,
    "DIENHONG_S3_ACCESS_KEY": "2" * 64,
    "DIENHONG_S3_SECRET_KEY": "3" * 64,
    "DIENHONG_SECRET": "4" * 64,
    "DIENHONG_MEDIA_KEY": "5" * 64,
    "DIENHONG_TURN_SECRET": "6" * 64,
}


def filled(text: object) -> str:
    """As compose fills it: `${NAME}` and `${NAME:?…}`, then `$$`."""
    return _ASKED.sub(lambda m: GIVEN[m[1]], str(text)).replace("$$", "$")


def environment(service: str) -> dict[str, str]:
    return {name: filled(value) for name, value in SERVICES[service].get("environment", {}).items()}


def settings(service: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in environment(service).items():
        monkeypatch.setenv(name, value)
    return Settings()


def data_folder() -> str:
    found = re.search(r"\bDIENHONG_DATA=(\S+)", DOCKERFILE)
    assert found is not None
    return found[1]


def copies() -> list[list[str]]:
    """The words of each COPY from the build context, options gone."""
    lines = [shlex.split(line)[1:] for line in DOCKERFILE.splitlines() if line.startswith("COPY ")]
    return [line for line in lines if not line[0].startswith("--from")]


def test_the_shape() -> None:
    assert len(SERVERS) == 2
    assert len(RELAYS) == 2
    assert set(SERVICES) == {*SERVERS, *RELAYS, "proxy", "postgres", "redis", "blobs", "turn"}


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_leans_on_is_there(name: str) -> None:
    service = SERVICES[name]
    needs = service.get("depends_on", {})
    for other in needs:
        assert other in SERVICES
        if isinstance(needs, dict) and needs[other]["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]
    for volume in service.get("volumes", []):
        assert volume.partition(":")[0] in COMPOSE["volumes"]
    for config in service.get("configs", []):
        assert COMPOSE["configs"][config["source"]]["content"].strip()


def test_nothing_is_declared_in_vain() -> None:
    used = {v.partition(":")[0] for s in SERVICES.values() for v in s.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])
    assert {c["source"] for s in SERVICES.values() for c in s.get("configs", [])} == set(COMPOSE["configs"])


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_of_a_named_version(name: str) -> None:
    image, _, tag = SERVICES[name]["image"].rpartition(":")
    assert image
    assert re.fullmatch(r"\d+(\.\d+)*", tag), tag
    if "build" in SERVICES[name]:
        assert SERVICES[name]["build"] == "."
        assert tag == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_every_name_that_is_asked_for_stands_in_the_example_and_no_other() -> None:
    asked = {m[1] for m in _ASKED.finditer((ROOT / "docker-compose.yml").read_text())}
    example = dict(
        line.split("=", 1)
        for line in (ROOT / ".env.example").read_text().splitlines()
        if line and not line.startswith("#")
    )
    assert asked == set(example) == set(GIVEN)
    assert all(not value for name, value in example.items() if re.search("SECRET|KEY|PASSWORD", name))


# ── servers ──


@pytest.mark.parametrize("name", SERVERS)
def test_a_servers_settings_are_ours_and_taken(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {f"DIENHONG_{field.upper()}" for field in Settings.model_fields}
    assert set(environment(name)) <= known
    read = settings(name, monkeypatch)
    assert (read.host, read.url) == ("0.0.0.0", "https://hop.example.vn")
    assert (read.with_relay, read.own_relay) == (True, False)
    assert read.trusted_proxies == 1
    assert len(read.media_secret()) >= 32


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_finds_its_neighbours(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read = settings(name, monkeypatch)
    assert urlsplit(read.database).hostname == "postgres"
    assert urlsplit(str(read.redis_url)).hostname == "redis"
    store = urlsplit(Place.read(read.blobs_url).endpoint)
    assert store.hostname == "blobs"
    assert f"-s3.port={store.port}" in SERVICES["blobs"]["command"]
    assert read.relay_registry
    for relay in RELAYS:
        words, port = relay_arguments(relay), relay_arguments(relay).http.rpartition(":")[2]
        assert (words.registry, words.public_url) == ("env", f"http://{relay}:{port}{words.base_path}")
        assert environment(relay)["DIENHONG_REDIS_URL"] == read.redis_url
        assert words.registry_prefix == read.redis_prefix
    assert {"postgres", "redis", "blobs"} <= set(SERVICES[name]["depends_on"])


def test_all_servers_are_alike_and_share_the_signers(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = (environment(name) for name in SERVERS)
    assert one == other
    assert settings(SERVERS[0], monkeypatch).secret is not None
    mounts = [dict(v.split(":")[:2] for v in SERVICES[name]["volumes"]) for name in SERVERS]
    shared = set(mounts[0].items()) & set(mounts[1].items())
    assert shared == {("authority", f"{data_folder()}/authority")}
    own = [set(mount) - {"authority"} for mount in mounts]
    assert own[0].isdisjoint(own[1])
    assert all(data_folder() in mount.values() for mount in mounts)


@pytest.mark.parametrize("name", SERVERS + RELAYS)
def test_commands_are_those_of_our_command_line(name: str) -> None:
    named = {command.name or command.callback.__name__ for command in cli.registered_commands if command.callback}
    assert SERVICES[name]["command"][0] in named


@pytest.mark.parametrize("name", SERVERS + RELAYS)
def test_health_is_asked_where_it_answers(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (url,) = re.findall(r"http://127\.0\.0\.1:\d+/\w+", " ".join(SERVICES[name]["healthcheck"]["test"]))
    parts = urlsplit(url)
    if name in SERVERS:
        assert (parts.port, parts.path) == (settings(name, monkeypatch).port, "/readyz")
    else:
        assert (parts.port, parts.path) == (host_and_port(relay_arguments(name).http)[1], "/healthz")


# ── relays, TURN, proxy, store ──


def relay_arguments(name: str) -> Any:
    """As `python -m media relay` reads them."""
    return media_parser().parse_args([filled(word) for word in SERVICES[name]["command"]])


@pytest.mark.parametrize("name", RELAYS)
def test_a_relay_takes_its_arguments_and_its_port_is_open(name: str) -> None:
    read = relay_arguments(name)
    # what is announced is the relay's own port, so outside and inside must be the same
    open_ports = []
    for way, (_, first) in (("udp", host_and_port(read.udp)), ("tcp", host_and_port(read.tcp))):
        open_ports += [f"{port}:{port}/{way}" for port in range(first, first + read.workers)]
    assert SERVICES[name]["ports"] == open_ports
    assert read.announce == GIVEN["DIENHONG_RELAY_ADDRESS"]
    assert read.base_path == MEDIA_PATH  # the proxy of the servers shows it there
    assert environment(name)["DIENHONG_MEDIA_KEY"] == environment(SERVERS[0])["DIENHONG_MEDIA_KEY"]


def test_relays_do_not_share_a_port() -> None:
    ports = [port for name in RELAYS for port in SERVICES[name]["ports"]]
    assert len(set(ports)) == len(ports)


def test_turn_and_the_servers_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    read = settings(SERVERS[0], monkeypatch)
    words = dict(filled(word).lstrip("-").partition("=")[::2] for word in SERVICES["turn"]["command"])
    assert read.turn_secret is not None
    assert words["static-auth-secret"] == read.turn_secret.get_secret_value()
    assert "use-auth-secret" in words
    for url in read.turn_urls.split(","):
        assert re.fullmatch(rf"turn:hop\.example\.vn:{words['listening-port']}\?transport=(udp|tcp)", url)


async def test_turn_leads_to_the_relays_and_nowhere_else() -> None:
    words = [filled(word).lstrip("-") for word in SERVICES["turn"]["command"]]
    with running_coturn([word for word in words if word.startswith(("no-tcp-", "denied-", "allowed-"))]) as coturn:
        (server,) = coturn.servers("udp")
        line = await over_udp(coturn.port, server)
        inside = ("192.0.2.11", "10.0.0.1", "172.17.0.2", "192.168.1.1", "100.64.0.1", "127.0.0.1", "8.8.8.8")
        await line.channel_bind(0x4000, (GIVEN["DIENHONG_RELAY_ADDRESS"], 50001))
        for host in inside:
            with pytest.raises(stun.TransactionFailed, match="403"):
                await line.channel_bind(0x4001, (host, 6379))
        await line.delete()
        whole = stun.Message(stun.Method.ALLOCATE, stun.Class.REQUEST)  # RFC 6062: connections to others
        whole.attributes["REQUESTED-TRANSPORT"] = turn.TCP_TRANSPORT
        with pytest.raises(stun.TransactionFailed, match=r"403|442"):
            await (await over_tcp(coturn.port, server)).request_with_retry(whole)


async def over_udp(port: int, server: dict[str, Any]) -> Any:
    """A client's line to a TURN server, with an address there."""
    to = ("127.0.0.1", port)
    _, line = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: turn.TurnClientUdpProtocol(to, server["username"], server["credential"], 600, 500), remote_addr=to
    )
    await line.connect()
    return line


async def over_tcp(port: int, server: dict[str, Any]) -> Any:
    to = ("127.0.0.1", port)
    _, line = await asyncio.get_running_loop().create_connection(
        lambda: turn.TurnClientTcpProtocol(to, server["username"], server["credential"], 600, 500), *to
    )
    return line


def test_redis_lets_in_who_knows_the_word(monkeypatch: pytest.MonkeyPatch) -> None:
    command = [filled(word) for word in SERVICES["redis"]["command"]]
    word = command[command.index("--requirepass") + 1]
    assert urlsplit(str(settings(SERVERS[0], monkeypatch).redis_url)).password == word
    assert environment("redis")["REDISCLI_AUTH"] == word


def test_the_proxy_leads_to_every_server(monkeypatch: pytest.MonkeyPatch) -> None:
    content = filled(COMPOSE["configs"]["caddyfile"]["content"])
    (line,) = re.findall(r"reverse_proxy (.*) \{", content)
    port = settings(SERVERS[0], monkeypatch).port
    assert line.split() == [f"{name}:{port}" for name in SERVERS]
    assert content.startswith("{$DIENHONG_DOMAIN} {")
    assert "DIENHONG_DOMAIN" in environment("proxy")
    assert content.count("{") == content.count("}")
    assert set(SERVERS) <= set(SERVICES["proxy"]["depends_on"])


def test_the_store_knows_the_servers_keys() -> None:
    (identity,) = json.loads(filled(COMPOSE["configs"]["s3"]["content"]))["identities"]
    keys = environment(SERVERS[0])
    assert identity["credentials"] == [
        {"accessKey": keys["DIENHONG_S3_ACCESS_KEY"], "secretKey": keys["DIENHONG_S3_SECRET_KEY"]}
    ]
    assert "Write" in identity["actions"]
    (config,) = SERVICES["blobs"]["configs"]
    assert f"-s3.config={config['target']}" in SERVICES["blobs"]["command"]


def test_the_database_and_the_servers_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    url, told = urlsplit(settings(SERVERS[0], monkeypatch).database), environment("postgres")
    assert (url.username, url.password, url.path) == (
        told["POSTGRES_USER"],
        told["POSTGRES_PASSWORD"],
        f"/{told['POSTGRES_DB']}",
    )


# ── the image ──


def test_what_the_image_copies_is_there() -> None:
    assert len(copies()) >= 6
    ignored = set((ROOT / ".dockerignore").read_text().split())
    for *sources, _ in copies():
        for source in sources:
            assert (ROOT / source).exists(), source
            assert source.split("/")[0] not in ignored, source


def test_the_image_has_everything_that_runs() -> None:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    copied = {source for *sources, _ in copies() for source in sources}
    assert set(packages["packages"]) <= copied
    assert "requirements.lock" in copied


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_the_locks_name_no_host_and_bring_the_stores_client(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert re.search(r"^aiobotocore==", text, re.MULTILINE)
    pinned = re.findall(r"^(\S+)==\S+", text, re.MULTILINE)
    assert len(pinned) > 60
    assert text.count("--hash=sha256:") >= len(pinned)


def test_a_fresh_volume_belongs_to_who_runs() -> None:
    user = re.findall(r"^USER (\w+)", DOCKERFILE, re.MULTILINE)
    assert user == ["dienhong"]
    made = re.search(r"install -d -m 0700 -o dienhong -g dienhong ([^&\n]+)", DOCKERFILE)
    assert made is not None
    assert {data_folder(), f"{data_folder()}/authority"} == set(made[1].split())


# ── the handbook ──


def test_the_handbook_names_every_setting_with_its_default() -> None:
    rows = re.findall(
        r"^\| `([A-Z0-9_]+)` \| .* \| (.+) \|$", (ROOT / "docs" / "operating.md").read_text(), re.MULTILINE
    )
    told = {f"{name.lower()}": default for name, default in rows}
    assert set(told) == set(Settings.model_fields)
    for name, info in Settings.model_fields.items():
        if info.default in (None, ""):
            assert told[name].split(":")[0] in ("none", "empty"), name
        elif name == "web":
            assert told[name] == f"`{Path(info.default).relative_to(ROOT)}`"
        else:
            assert told[name] == f"`{info.default}`", name


def test_the_handbook_speaks_of_ports_that_are_open() -> None:
    text = (ROOT / "docs" / "operating.md").read_text()
    for name in RELAYS:
        read = relay_arguments(name)
        assert str(host_and_port(read.udp)[1]) in text
        assert host_and_port(read.tcp)[1] == host_and_port(read.udp)[1]  # the handbook says so
    assert f"**UDP and TCP {Settings().relay_udp.rpartition(':')[2]}**" in text


def test_node_is_taken_from_the_lock() -> None:
    lock = (ROOT / "requirements-dev.lock").read_text()
    for pattern in re.findall(r"grep -o '(\^[^']+)' requirements-dev\.lock", DOCKERFILE):
        assert len(re.findall(pattern, lock, re.MULTILINE)) == 1
