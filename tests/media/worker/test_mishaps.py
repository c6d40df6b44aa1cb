"""What nobody foresaw, anywhere in the worker's loop: it costs its own peer or studio, and the loop goes on."""

import logging
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from media.transport import dtls, srtp
from media.transport.channel import WorkerEnd
from media.transport.peer import SILENCE_LIMIT_S
from media.worker.eyes import MAX_STUCK
from media.worker.worker import Worker
from tests.media.worker.test_consent import MASTER, Party, wait

Join = Callable[[str], Party]
BROKEN: Any = None  # in the place of what has members


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "media")


@pytest.fixture
def join(worker: Worker) -> Iterator[Join]:
    """Sources in a studio of their own, beside one where nothing holds."""
    mark = ["sha-256", "AB"]
    worker.parts.roster.publish(session="x", studio="broken", peer="x", fingerprint=mark, codecs={"96": "VP8"})
    parties: list[Party] = []

    def made(peer: str) -> Party:
        parties.append(Party(worker, publish=True, peer=peer))
        return parties[-1]

    yield made
    worker.parts.roster.studios.pop("broken")
    for one in parties:
        one.close()


@pytest.fixture
def party(join: Join) -> Party:
    return join("p")


def corrupt(worker: Worker, what: str) -> None:
    studio = worker.parts.roster.studios["broken"]
    if what == "programme":
        studio.programmes["main"] = BROKEN
    else:
        studio.sources["x"].layers = BROKEN


@pytest.mark.parametrize("what", ["programme", "source"])
def test_a_studio_that_is_broken_keeps_no_other_from_its_key_frames(
    worker: Worker, party: Party, what: str
) -> None:
    corrupt(worker, what)
    party.media(0)
    party.lines[0].came()
    party.peer.layers[0].wish.wish()  # type: ignore[attr-defined]
    worker.chores.ask(worker.now)
    assert len(party.lines[0].came()) == 1  # the request
    assert worker.parts.mishaps.count >= 1


@pytest.mark.parametrize("what", ["programme", "source"])
def test_nor_from_its_reports_and_its_end(worker: Worker, party: Party, what: str) -> None:
    corrupt(worker, what)
    party.media(0)
    party.lines[0].came()
    list(worker.chores.report(worker.now, 1.0))
    assert len(party.lines[0].came()) == 1  # the report
    wait(worker, SILENCE_LIMIT_S + 1)
    list(worker.chores.report(worker.now, 1.0))
    assert party.peer.number not in worker.parts.roster.peers


def test_an_operation_that_fails_is_answered(worker: Worker, channel: WorkerEnd) -> None:
    for number, call in enumerate(({"do": "nonsense"}, {"do": "kick", "studio": 7}, {"do": "ping"})):
        channel.write({"call": number, **call})
    worker.operations.serve()
    answers = channel.read()
    assert [answer["call"] for answer in answers] == [0, 1, 2]
    assert [answer.get("refused") for answer in answers] == ["unavailable", "unavailable", None]
    assert worker.parts.mishaps.count == 2
    assert not channel.closed


def test_news_of_one_that_fail_are_not_the_others_trouble(worker: Worker, party: Party, join: Join) -> None:
    """Nor does whoever could not join wait for ever: its session ends."""
    other = join("other")
    party.peer.studio = "nowhere"
    keys = srtp.Keys(srtp.GCM, MASTER, MASTER)
    worker.parts.desk.news += [
        dtls.Agreed(party.peer.number, keys, ()),
        dtls.Outgoing(other.peer.number, (b"\x16flight",)),
    ]
    worker.newcomers.read()
    assert other.lines[0].came()[-1] == b"\x16flight"
    assert worker.parts.mishaps.count == 1
    worker.parts.desk.stop()
    worker.newcomers.read()
    assert party.peer.number not in worker.parts.roster.peers


def look_at(worker: Worker, handler: Callable[[], None]) -> tuple[socket.socket, socket.socket]:
    ours, theirs = socket.socketpair()
    worker.eyes.look_at(ours.fileno(), handler)
    theirs.send(b"x")
    return ours, theirs


def test_a_descriptor_whose_handler_always_fails_does_not_turn_the_loop_for_ever(worker: Worker) -> None:
    """What now and then fails is looked at again."""
    seen: list[int] = []

    def fail() -> None:
        seen.append(1)
        raise KeyError("nobody thought of this")

    def fail_mostly() -> None:
        seen.append(1)
        if len(seen) % MAX_STUCK:
            raise KeyError("nobody thought of this")

    for handler, often in ((fail, MAX_STUCK), (fail_mostly, 3 * MAX_STUCK)):
        seen.clear()
        ours, theirs = look_at(worker, handler)
        with ours, theirs:
            for _ in range(3 * MAX_STUCK):
                for fd in worker.eyes.wait(0):
                    worker.eyes.look(fd)
            assert len(seen) == often
            worker.eyes.look_away(ours.fileno())
    assert not worker.eyes._stuck
