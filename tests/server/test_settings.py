"""Where secrets come from, and what a wrong setting says."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from server.settings import Settings, kept
from tests.server.process.running import command


def test_secrets_are_made_once_and_for_the_owners_eyes(tmp_path: Path) -> None:
    one, two = Settings(data=tmp_path), Settings(data=tmp_path)
    assert one.media_secret() == two.media_secret()
    assert one.signing_key().private_bytes_raw() == two.signing_key().private_bytes_raw()
    assert len({one.media_secret(), one.key_secret()}) == 2
    assert all(p.stat().st_mode & 0o077 == 0 for p in (tmp_path / "secrets").iterdir())
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0


def test_the_first_of_two_writers_stays(tmp_path: Path) -> None:
    assert kept(tmp_path / "k", b"first") == b"first"
    assert kept(tmp_path / "k", b"second") == b"first"
    assert [p.name for p in tmp_path.iterdir()] == ["k"]


def test_one_secret_makes_the_same_keys_on_every_server(tmp_path: Path) -> None:
    words = {"secret": "s" * 32}
    a, b = (Settings.model_validate({"data": tmp_path / n, **words}) for n in "ab")
    assert a.signing_key().private_bytes_raw() == b.signing_key().private_bytes_raw()
    assert (a.media_secret(), a.key_secret()) == (b.media_secret(), b.key_secret())
    assert a.media_secret() != a.key_secret()
    assert "s" * 32 not in repr(a)
    with pytest.raises(ValidationError):
        Settings.model_validate({"secret": "short"})


def test_a_store_of_papers_needs_its_keys(tmp_path: Path) -> None:
    url = "s3://dienhong?endpoint=http://127.0.0.1:8333"
    keys = {"s3_access_key": "a", "s3_secret_key": "b"}
    assert Settings.model_validate({"data": tmp_path, "blobs_url": url, **keys}).blobs_url == url
    for missing in keys:
        with pytest.raises(ValidationError, match="needs DIENHONG_S3_ACCESS_KEY and DIENHONG_S3_SECRET_KEY"):
            Settings.model_validate({"blobs_url": url, **{k: v for k, v in keys.items() if k != missing}})


def test_relays_are_listed_or_announce_themselves_or_there_is_one_of_our_own(tmp_path: Path) -> None:
    def read(**words: str) -> Settings:
        return Settings.model_validate({"data": tmp_path, **words})

    listed = read(relay_urls="http://a:8900/, http://b:8900/media")
    assert listed.relay_addresses == ("http://a:8900", "http://b:8900/media")
    announced = read(relay_urls="registry", redis_url="redis://127.0.0.1/0")
    assert (announced.relay_registry, announced.relay_addresses, announced.own_relay) == (True, (), False)
    assert (read().own_relay, read().relay_registry) == (True, False)
    assert (read(relay_urls="none").relay_addresses, read(relay_urls="none").with_relay) == ((), False)
    with pytest.raises(ValidationError, match="a registry needs DIENHONG_REDIS_URL"):
        read(relay_urls="registry")


async def test_a_wrong_setting_is_said_in_one_line(tmp_path: Path) -> None:
    status, said = await command(tmp_path, "serve", PORT="many", BLOBS_URL="s3://dienhong")
    assert status == 2
    assert "DIENHONG_BLOBS_URL: Value error, write s3://bucket?endpoint=http://host:port" in said
    assert "Traceback" not in said
