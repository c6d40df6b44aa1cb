"""What half-finished peers may cost: a bounded time and a bounded room, then nothing is left of them."""

from collections.abc import Callable
from typing import Any

import pytest

from media.programme.studio import TooMany
from media.transport import kernel, stun
from media.transport.dtls import Identity
from media.transport.peer import HALF_OPEN_LIMIT_S, UNPROVED_LIMIT_S
from media.worker import roster
from media.worker.roster import VIEWERS_PER_PEER
from media.worker.worker import Worker

SOMEWHERE = kernel.raw_address("127.0.0.1", 9)


Join = Callable[..., Any]


@pytest.fixture
def watch(worker: Worker) -> Join:
    count = iter(range(100_000))
    mark = Identity().fingerprint

    def join(peer: str = "p", studio: str = "s") -> Any:
        return worker.parts.roster.watch(
            session=f"session-{next(count)}",
            studio=studio,
            programme="main",
            peer=peer,
            fingerprint=[mark.algorithm, mark.value],
            types={"VP8": 96},
            repairs={},
            send_time_id=0,
            video=True,
            audio=1,
        )

    return join


def pass_time(worker: Worker, seconds: float) -> None:
    worker.now += seconds
    worker.parts.roster.now = worker.now
    assert not any(worker.chores.report(worker.now, 1.0))  # it is done in parts


def prove(worker: Worker, told: Any) -> None:
    """The peer's check comes."""
    check = stun.request(b"t" * 12, told["ufrag"] + ":theirs", told["password"].encode(), nominate=True)
    worker.parts.port.take(check, SOMEWHERE, worker.now)


def test_who_never_proves_an_address_is_forgotten_soon(worker: Worker, watch: Join) -> None:
    for number in range(500):
        watch(f"p{number}")
    pass_time(worker, UNPROVED_LIMIT_S - 1)
    assert len(worker.parts.roster.peers) == 500
    pass_time(worker, 2)
    left = worker.parts.roster
    assert not left.peers
    assert not left._sessions
    assert not worker.parts.port._by_ufrag
    assert not left.studios["s"].viewers
    assert not left.studios["s"].programmes["main"].viewers
    pass_time(worker, 3600)
    assert not left.studios


def test_checks_alone_do_not_keep_a_peer(worker: Worker, watch: Join) -> None:
    told = watch()
    for _ in range(int(HALF_OPEN_LIMIT_S)):
        prove(worker, told)
        pass_time(worker, 1)
    assert worker.parts.roster.peers
    prove(worker, told)
    pass_time(worker, 1)
    assert not worker.parts.roster.peers
    assert not worker.parts.port._by_address


def test_a_handshake_that_is_never_finished_leaves_nothing(worker: Worker, watch: Join) -> None:
    told = watch()
    prove(worker, told)
    for _ in range(50):
        worker.parts.port.take(b"\x16\xfe\xff" + bytes(60), SOMEWHERE, worker.now)
    pass_time(worker, HALF_OPEN_LIMIT_S + 1)
    assert not worker.parts.roster.peers
    worker.parts.desk.stop()
    assert not worker.parts.desk._handshakes


def test_one_token_does_not_fill_the_hall(worker: Worker, watch: Join) -> None:
    for _ in range(200):
        watch()
    assert len(worker.parts.roster.peers) == VIEWERS_PER_PEER
    assert len(worker.parts.port._by_ufrag) == VIEWERS_PER_PEER


def test_peers_and_studios_are_bounded(worker: Worker, watch: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "MAX_PEERS", 10)
    monkeypatch.setattr(roster, "MAX_STUDIOS", 3)
    for number in range(3):
        watch(studio=f"s{number}")
    with pytest.raises(TooMany):
        watch(studio="one more")
    for number in range(7):
        watch(f"p{number}", studio="s0")
    with pytest.raises(TooMany):
        watch("one more", studio="s0")
    assert len(worker.parts.roster.peers) == 10


def test_a_worker_without_its_handshake_thread_ends(worker: Worker) -> None:
    worker.parts.desk.failed = True
    with pytest.raises(RuntimeError):
        worker.newcomers.read()
    worker.parts.desk.failed = False
