"""What the demo has that nobody had to set."""

from pathlib import Path

from server.serve import for_demo
from server.settings import Settings


def test_the_demo_records_beside_its_data(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    assert not settings.recordings
    assert for_demo(settings).recordings == str(tmp_path / "recordings")


def test_a_folder_that_was_set_stays(tmp_path: Path) -> None:
    assert for_demo(Settings(data=tmp_path, recordings="/var/lib/x")).recordings == "/var/lib/x"
