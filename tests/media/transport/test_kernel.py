"""Datagrams come and go in batches; where the kernel or a sandbox has no batch calls, one by one."""

import errno
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from media.fanout.transmit import Mode
from media.transport import kernel, stun
from media.transport.kernel import RECEIVE_BATCH, Address, Inbox, Outbox, ffi, libc, raw_address
from media.transport.peer import Peer
from media.transport.port import Handlers, Port
from media.wire.fingerprint import Fingerprint
from media.worker.worker import Worker, WorkerSettings
from tests.media.fanout.test_transmit import System


class Kernel(System):
    """Also the receiving calls. `trouble`: what the batch calls are refused with."""

    def __init__(self, trouble: int = 0, unreachable: dict[Address, int] | None = None) -> None:
        self.trouble = trouble
        alone = unreachable or {}
        super().__init__(lambda call, to: alone.get(to, 0) or (trouble if call == "sendmmsg" else 0))

    def recvmmsg(self, fd: int, vector: Any, count: int, flags: int, timeout: Any) -> int:
        self.calls.append("recvmmsg")
        if self.trouble:
            ffi.errno = self.trouble
            return -1
        return int(libc.recvmmsg(fd, vector, count, flags, timeout))

    def recvmsg(self, fd: int, message: Any, flags: int) -> int:
        self.calls.append("recvmsg")
        return int(libc.recvmsg(fd, message, flags))


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    with kernel.open_port("127.0.0.1", 0) as near, kernel.open_port("127.0.0.1", 0) as far:
        yield near, far


Ends = tuple[socket.socket, socket.socket]
REFUSALS = (errno.ENOSYS, errno.EPERM)
NOBODY = raw_address("127.0.0.1", 9)


def address_of(sock: socket.socket) -> Address:
    return raw_address(*sock.getsockname())


@pytest.mark.parametrize("trouble", [0, *REFUSALS])
def test_datagrams_come_with_batch_calls_and_without(ends: Ends, trouble: int) -> None:
    near, far = ends
    system = Kernel(trouble)
    inbox = Inbox(near, system=system)
    for number in range(200):
        far.sendto(b"%d" % number, near.getsockname())
        if number == 5:
            far.sendto(bytes(4000), near.getsockname())  # longer than anything we take
    got = [list(inbox.receive()) for _ in range(4)]
    assert [len(batch) for batch in got] == [RECEIVE_BATCH - 1, 200 - RECEIVE_BATCH + 1, 0, 0]
    assert [item for batch in got for item in batch] == [(b"%d" % i, address_of(far)) for i in range(200)]
    assert system.calls.count("recvmmsg") == (1 if trouble else 4)


@pytest.mark.parametrize("trouble", REFUSALS)
def test_datagrams_leave_one_by_one_where_they_must(ends: Ends, trouble: int) -> None:
    near, far = ends
    system = Kernel(trouble, {NOBODY: errno.EPERM})
    outbox = Outbox(near, system=system)
    for number in range(150):
        outbox.add(b"%d" % number, NOBODY if number in (0, 7) else address_of(far))
    outbox.flush()
    inbox = Inbox(far)
    got = [datagram for _ in range(2) for datagram, _ in inbox.receive()]
    assert got == [b"%d" % number for number in range(150) if number not in (0, 7)]
    assert outbox.dropped == 2
    assert system.calls.count("sendmmsg") == 2  # the second time it was clear who refuses


@pytest.mark.parametrize(("trouble", "alone"), [(errno.EPERM, 2), (errno.ENOBUFS, 0), (errno.EHOSTUNREACH, 0)])
def test_trouble_with_one_address_ends_no_batches(ends: Ends, trouble: int, alone: int) -> None:
    """A firewall's word on it is EPERM too: those are tried by themselves."""
    near, far = ends
    system = Kernel(0, {NOBODY: trouble})
    outbox = Outbox(near, system=system)
    for target in (NOBODY, address_of(far), NOBODY, *[address_of(far)] * 20):
        outbox.add(b"x", target)
    outbox.flush()
    assert len(list(Inbox(far).receive())) == 21
    assert outbox.dropped == 2
    assert system.calls.count("sendmsg") == alone
    outbox.add(b"x", address_of(far))
    outbox.flush()
    assert system.calls[-1] == "sendmmsg"


@pytest.mark.parametrize("trouble", REFUSALS)
def test_a_check_is_answered_where_there_are_no_batch_calls(ends: Ends, trouble: int) -> None:
    near, far = ends
    port = Port(near, Handlers(*(lambda *_: None,) * 4), system=Kernel(trouble))  # type: ignore[arg-type]
    peer = Peer(number=1, session="s", studio="s", name="p", fingerprint=Fingerprint("", ""), now=0.0, since=0.0)
    port.add(peer)
    far.sendto(stun.request(b"t" * 12, f"{peer.ufrag}:theirs", peer.password), near.getsockname())
    port.read(0.0)
    port.outbox.flush()
    assert stun.proves(stun.parse(far.recv(2048)), peer.password)


def test_who_wants_no_batches_gets_none_for_single_datagrams_either(ends: Ends) -> None:
    ours, theirs = socket.socketpair()
    system = Kernel()
    with theirs, ours:
        worker = Worker(WorkerSettings("127.0.0.1", 0, 2500, Mode.SINGLE), ours)
        outbox = worker.parts.port.outbox
        outbox.system = system
        outbox.add(b"x", address_of(ends[1]))
        outbox.flush()
        worker.end_all()
        worker.parts.port.sock.close()
        worker.eyes.close()
    assert system.calls == ["sendmsg"]
    assert ends[1].recv(2048) == b"x"
