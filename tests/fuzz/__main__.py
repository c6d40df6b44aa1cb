"""`make fuzz`: random bytes at every reader, guided by coverage (atheris). What it finds stays in the corpus.

`python -m tests.fuzz [NAME ...] [--seconds 60]` runs each target for so long; `--merge` keeps of the corpora only
what adds coverage.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
MAX_INPUT = 8192


def fuzz(name: str, words: list[str]) -> None:
    """In a process of its own, for ever or as long as libFuzzer's words say."""
    import atheris

    with atheris.instrument_imports(include=["media", "jwt"]):
        from tests.fuzz.targets import TARGETS

    # libFuzzer starts itself again by its first word when it merges.
    again = f"{sys.executable} -m tests.fuzz --target {name}"
    atheris.Setup([again, *words], TARGETS[name])
    atheris.Fuzz()


def run(name: str, seconds: int, *, merge: bool) -> int:
    """What is new is kept out of the tree, a crash goes into the corpus: a finding becomes a test by itself."""
    kept = CORPUS / name
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as found:
        words = ["-timeout=10", f"-max_len={MAX_INPUT}", f"-artifact_prefix={kept}/"]
        if merge:
            words += ["-merge=1", found, str(kept)]
        else:
            words += [f"-max_total_time={seconds}", "-print_final_stats=1", found, str(kept)]
        command = [sys.executable, "-m", "tests.fuzz", "--target", name, *words]
        code = subprocess.run(command, check=False).returncode
        if merge and code == 0:
            for old in kept.iterdir():
                old.unlink()
            for new in Path(found).iterdir():
                (kept / new.name).write_bytes(new.read_bytes())
    return code


def main() -> int:
    if sys.argv[1:2] == ["--target"]:
        fuzz(sys.argv[2], sys.argv[3:])
        return 0
    from tests.fuzz.targets import TARGETS

    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=" ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--merge", action="store_true", help="make the corpora small instead")
    parsed = parser.parse_args()
    names = parsed.names or list(TARGETS)
    failed = [name for name in names if run(name, parsed.seconds, merge=parsed.merge)]
    sys.stdout.write(f"{len(names) - len(failed)} passed, {len(failed)} failed {' '.join(failed)}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
