"""What a caller says to the relay's own checks."""

import os

import pytest

from media.transport import kernel, stun
from media.transport.call import Answer, Call, Host
from media.transport.dtls import Identity

RELAY: Host = ("192.0.2.1", 50_000)
OURS, THEIRS = kernel.raw_address("198.51.100.7", 4000), b"p" * 22


@pytest.fixture
def put() -> list[tuple[bytes, Host]]:
    return []


@pytest.fixture
def call(put: list[tuple[bytes, Host]]) -> Call:
    """One whose first check the relay has answered."""
    identity = Identity()
    made = Call(identity, lambda datagram, host: put.append((datagram, host)), 30.0)
    made.accept(Answer("relay", THEIRS, identity.fingerprint, (RELAY,), ()), 0.0)
    ((check, host),) = put
    made.receive(stun.response(stun.parse(check), OURS, THEIRS), 0.1)
    assert made.host == host == RELAY
    put.clear()
    return made


def test_it_answers_the_relay_that_asks_whether_it_is_there(call: Call, put: list[tuple[bytes, Host]]) -> None:
    """A relay asks before an address that was another's is the caller's."""
    asked = stun.request(os.urandom(12), f"{call.ufrag}:relay", call.password.encode(), controlled=True)
    call.receive(asked, 0.2)
    ((said, host),) = put
    answer = stun.parse(said)
    assert (answer.kind, answer.transaction) == (stun.BINDING_RESPONSE, stun.parse(asked).transaction)
    assert stun.proves(answer, call.password.encode())
    assert host == RELAY


def test_it_answers_nobody_else(call: Call, put: list[tuple[bytes, Host]]) -> None:
    call.receive(stun.request(os.urandom(12), f"{call.ufrag}:relay", b"another", controlled=True), 0.2)
    call.receive(stun.request(os.urandom(12), f"{call.ufrag}:relay", THEIRS, controlled=True), 0.2)
    assert not put
