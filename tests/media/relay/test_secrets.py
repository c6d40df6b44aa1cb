"""Whom our tokens and secrets go to, and whom not."""

import pytest

from media.relay.pulling import resource_of
from media.relay.recording import environment

URL = "http://origin:8900/media/whep/s/main"


@pytest.mark.parametrize(
    ("location", "resource"),
    [
        ("/media/whep/s/main/1", "http://origin:8900/media/whep/s/main/1"),
        (URL + "/1", URL + "/1"),
        ("http://elsewhere/1", ""),
        ("//elsewhere/1", ""),
        ("http://origin:8901/1", ""),
        ("https://origin:8900/1", ""),
        ("http://u@origin:8900/1", ""),
        ("", ""),
    ],
)
def test_a_parents_session_is_at_the_parent(location: str, resource: str) -> None:
    assert resource_of(URL, location) == resource


def test_a_recorder_knows_the_media_key_and_no_other_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DIENHONG_TURN_SECRET", "DIENHONG_REDIS_URL", "DIENHONG_MEDIA_KEY"):
        monkeypatch.setenv(name, "a secret")
    known = environment(b"k" * 32)
    assert {name: value for name, value in known.items() if name.startswith("DIENHONG_")} == {
        "DIENHONG_MEDIA_KEY": "k" * 32
    }
    assert "PATH" in known
