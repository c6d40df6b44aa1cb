"""The bench itself: its last line, refused figures, missed goals; its C floor and its flame graph."""

import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from media.transport import kernel
from tests.bench import flame, floor
from tests.bench.machine import family, usage
from tests.bench.relay import GOALS, Apart, missed, plan_of, summary, valid
from tests.bench.runs import Switched

FINE: dict[str, Any] = {
    "receivers": 100, "failures": 0, "us": 3.0, "cores": 0.5, "delivered": 1.0, "pace": 1.0, "own_drops": 0,
    "forged": 0,
    "delay_p50_ms": 3.0, "delay_p99_ms": 9.0, "switch": None, "storm_light_s": 1.0, "cpu_ms_per_join": 2.0,
    "rss_kb": 90.0, "floor": 2.5,
}  # fmt: skip
ASKED = (
    "bench", "us_per_packet_receiver", "gso", "delivered", "added_delay_ms", "storm_light_s", "storm_full_s",
    "cpu_ms_per_join", "rss_kb_per_receiver", "source_switch_ms_p95",
)  # fmt: skip


def found(apart: Apart = Apart(2.0, 0, 0.0002), **changes: Any) -> dict[str, Any]:  # noqa: B008 (frozen)
    last = FINE | {"switch": Switched([40.0, 60.0], [70.0, 80.0])} | changes
    plan = plan_of(["--receivers", "100,1000", "--floor"])
    return summary(plan, True, [FINE, last], apart)


def names_of(short: list[str]) -> set[str]:
    return {line.partition(":")[0] for line in short}


def test_the_last_line_has_what_was_asked_for_in_that_order() -> None:
    line = found(us=3.4)
    assert tuple(line)[: len(ASKED)] == ASKED
    assert line["us_per_packet_receiver"] == {"100": 3.0, "1000": 3.4}
    assert line["added_delay_ms"] == {"p50": 3.0, "p99": 9.0}
    assert line["source_switch_ms_p95"] == 60.0
    assert line["ratio_to_floor"] == {"100": 1.2, "1000": 1.36}
    assert missed(line) == []


@pytest.mark.parametrize("trouble", [{"own_drops": 1}, {"failures": 1}, {"forged": 1}, {"pace": 0.8}])
def test_figures_are_refused_when_the_generator_failed(trouble: dict[str, Any]) -> None:
    assert valid(FINE)
    assert not valid(FINE | trouble)
    line = found(**trouble)
    assert line["us_per_packet_receiver"] == {"100": 3.0, "1000": None}
    figures = (
        "delivered", "storm_light_s", "cpu_ms_per_join", "rss_kb_per_receiver", "source_switch_ms_p95",
        "source_switch_seen_ms_p95",
    )  # fmt: skip
    assert {line[name] for name in figures} | set(line["added_delay_ms"].values()) == {None}
    assert "us_1000" in names_of(missed(line))


def test_each_goal_can_be_missed() -> None:
    changes = {
        "us": 3.9, "delivered": 0.999, "delay_p50_ms": 13.0, "delay_p99_ms": 41.0, "storm_light_s": 3.1,
        "cpu_ms_per_join": 2.6, "rss_kb": 131.0, "switch": Switched([501.0], [600.0]),
    }  # fmt: skip
    short = names_of(missed(found(Apart(6.1, 1, 0.0011), **changes)))
    assert short == set(GOALS) - {"us_1000_without_gso"}


def test_what_was_not_measured_is_a_goal_missed() -> None:
    short = missed(found(Apart(None, None, None), switch=None, storm_light_s=None))
    assert names_of(short) == {
        "storm_full_s", "storm_lost", "lost_after_repair", "switch_ms_p95", "switch_seen_ms_p95", "storm_light_s"
    }  # fmt: skip
    assert all("not measured" in line for line in short)


MS = 1_000_000


@pytest.mark.parametrize(
    ("came", "pause", "seen"),
    [
        ([(10, 1), (40, 1), (70, 2), (790, 2)], 720.0, 70.0),
        ([(10, 1), (40, 1)], 760.0, 800.0),  # black, and the new one never
        ([], 800.0, 800.0),
        ([(n, 1 + (n > 100)) for n in range(10, 800, 30)], 30.0, 130.0),
        ([(-5, 2), (20, 1), (420, 2), (780, 2)], 400.0, 420.0),
    ],
)
def test_a_switch_is_measured_to_both_ends(came: list[tuple[int, int]], pause: float, seen: float) -> None:
    told = Switched([], [])
    told.note([(at * MS, mark) for at, mark in came], 2, 0, 800 * MS)
    assert (told.pauses, told.seen) == ([pause], [seen])


def test_the_cpu_counted_is_that_of_a_process_and_all_below_it() -> None:
    burn = "import time\nend = time.process_time() + 0.2\nwhile time.process_time() < end: pass\n"
    inner = f"import subprocess, sys; c = subprocess.Popen([sys.executable, '-c', {burn + 'input()'!r}], stdin=-1)"
    script = f"{inner}\n{burn}print('done', c.pid, flush=True); input(); c.communicate(b'1')"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as outer:
        assert outer.stdin is not None
        assert outer.stdout is not None
        _, below = outer.stdout.readline().split()
        assert set(family(outer.pid)) == {outer.pid, int(below)}
        while usage(int(below)).cpu_s < 0.2:  # it works beside the outer one
            pass
        both, alone = usage(outer.pid), usage(int(below))
        assert both.cpu_s >= 0.4
        assert both.rss_kb > alone.rss_kb > 1000
        outer.stdin.write("1\n")
        outer.stdin.flush()


def datagrams(sock: socket.socket) -> Iterator[bytes]:
    while True:
        try:
            yield sock.recv(4096)
        except BlockingIOError:
            return


@pytest.mark.parametrize("gso", ["1", "0"])
def test_the_floor_sends_every_receiver_what_the_relay_would(gso: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            program = floor.build(Path(folder))
        except floor.NoFloor as reason:
            pytest.skip(str(reason))
        sockets = [kernel.open_port("127.0.0.1", 0) for _ in range(66)]
        ports = [str(sock.getsockname()[1]) for sock in sockets]
        subprocess.run([program, "127.0.0.1", "0.5", gso, *ports], check=True, capture_output=True)
    for sock in sockets:
        got = [d for d in datagrams(sock) if d[:1] == b"\x80" and d[8:11] == bytes(3)]
        for ssrc, size, at_least in ((1, 12 + 1188 + 16, 5 * 10), (2, 12 + 160 + 16, 15)):
            stream = [d for d in got if d[11] == ssrc]
            assert {len(d) for d in stream} == {size}
            assert [int.from_bytes(d[2:4], "big") for d in stream] == list(range(len(stream)))
            assert len(stream) >= at_least
        sock.close()


def test_a_flame_graph_divides_the_call_as_perf_saw_it() -> None:
    folded = (
        "main (media/x.py:1);Worker.run (media/worker/worker.py:9);seal (media/fanout/seal.py:3) 30\n"
        "main (media/x.py:1);Worker.run (media/worker/worker.py:9);sendmmsg (libc.so.6) 60\n"
        "main (media/x.py:1);Worker.run (media/worker/worker.py:7);epoll_wait (libc.so.6) 500\n"
        "Thread.run (threading.py:1);Desk._run (media/transport/dtls.py:5) 70\n"
    )
    sample = (
        "python 1 2: 250 cpu-clock:\n\tff {} ([kernel])\n\tff __sys_sendmmsg+0x1 ([kernel])\n\tff main (python)\n"
    )
    script = "\n".join([sample.format("udp_sendmsg+0x2")] * 3 + [sample.format("copy+0x2")])
    loop = flame.flame(folded, script).above["Worker.run (worker.py)"]
    assert (loop.weight, loop.above["seal (seal.py)"].weight) == (90, 30)
    assert {name: f.weight for name, f in loop.above["sendmmsg"].above.items()} == {"udp_sendmsg": 45, "copy": 15}
    drawn = flame.svg(flame.flame(folded, script))
    assert "udp_sendmsg: 50.0 %" in drawn
    assert "epoll_wait" not in drawn
