"""The kernel's batch calls: recvmmsg, sendmmsg and UDP segmentation offload, called through cffi.

Knows memory layouts of Linux and nothing of what the bytes mean. Every buffer is allocated once and used again.
Socket addresses stay as the kernel writes them (raw `sockaddr` bytes): none is parsed on the packet path.
"""

import errno
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final, NewType

from cffi import FFI

# Raw sockaddr_in (16 bytes) or sockaddr_in6 (28 bytes); of a TCP connection with its number behind.
Address = NewType("Address", bytes)

ADDRESS_SIZE: Final = 28
_NUMBER: Final = struct.Struct("!3sQ")
_STREAM_SIZES: Final = frozenset({16 + _NUMBER.size, ADDRESS_SIZE + _NUMBER.size})
DATAGRAM_SIZE: Final = 2048
RECEIVE_BATCH: Final = 128
SEND_BATCH: Final = 128
UDP_SEGMENT: Final = 103
NO_BATCHES: Final = frozenset({errno.ENOSYS, errno.EPERM})  # of a filter of system calls, or a kernel without them
# What kernels and drivers answer to a segmented message that they cannot send.
NO_SEGMENTATION: Final = frozenset({errno.EINVAL, errno.EIO, errno.EOPNOTSUPP, errno.ENOPROTOOPT})

ffi: Any = FFI()
ffi.cdef(
    """
    struct iovec { void *iov_base; size_t iov_len; };
    struct msghdr {
        void *msg_name; unsigned int msg_namelen; struct iovec *msg_iov; size_t msg_iovlen;
        void *msg_control; size_t msg_controllen; int msg_flags;
    };
    struct mmsghdr { struct msghdr msg_hdr; unsigned int msg_len; };
    int sendmmsg(int fd, struct mmsghdr *vector, unsigned int count, int flags);
    ssize_t sendmsg(int fd, struct msghdr *message, int flags);
    int connect(int fd, const char *name, unsigned int size);
    int recvmmsg(int fd, struct mmsghdr *vector, unsigned int count, int flags, void *timeout);
    ssize_t recvmsg(int fd, struct msghdr *message, int flags);
    """
)
libc: Any = ffi.dlopen(None)


def raw_address(host: str, port: int) -> Address:
    """The kernel's form of a numeric address."""
    if ":" in host:
        packed = socket.inet_pton(socket.AF_INET6, host)
        head = struct.pack("=H", socket.AF_INET6) + struct.pack("!HI", port, 0)
        return Address(head + packed + bytes(4))
    return Address(struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + socket.inet_aton(host) + bytes(8))


def stream_address(address: Address, number: int) -> Address:
    """A connection from there: the same host and port may come again, and is then somebody else."""
    return Address(address + _NUMBER.pack(b"tcp", number))


def is_stream(address: Address) -> bool:
    """Whether it is of a TCP connection."""
    return len(address) in _STREAM_SIZES


def is_ipv4(address: Address) -> bool:
    return int.from_bytes(address[:2], sys.byteorder) == socket.AF_INET


def packed_host(address: Address) -> bytes:
    """The four bytes of an IPv4 address, mapped into IPv6 or not, or the sixteen of an IPv6 one."""
    if is_ipv4(address):
        return address[4:8]
    return address[20:24] if address[8:20] == bytes(10) + b"\xff\xff" else address[8:24]


def host_and_port(address: Address) -> tuple[str, int]:
    """The readable form of a kernel address; IPv4 mapped into IPv6 is shown as IPv4."""
    (port,) = struct.unpack_from("!H", address, 2)
    host = packed_host(address)
    return socket.inet_ntop(socket.AF_INET if len(host) == 4 else socket.AF_INET6, host), port


def open_port(host: str, port: int, *, buffer_size: int = 8 << 20) -> socket.socket:
    """A bound, non-blocking UDP socket; an IPv6 wildcard also takes IPv4."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        for plain, forced in ((socket.SO_RCVBUF, 33), (socket.SO_SNDBUF, 32)):
            try:
                sock.setsockopt(socket.SOL_SOCKET, forced, buffer_size)  # SO_*BUFFORCE, where we may
            except OSError:
                sock.setsockopt(socket.SOL_SOCKET, plain, buffer_size)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def open_beside(port: socket.socket, address: Address, *, buffer_size: int = 2 << 20) -> socket.socket:
    """Another socket at the same port that gets what this one address sends there. Raises: OSError."""
    beside = socket.socket(port.family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        if port.family == socket.AF_INET6:
            beside.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        beside.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_size)
        beside.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # The port is shared for this moment only: otherwise a second relay could take it by mistake.
        port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            beside.bind(port.getsockname())
        finally:
            port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        tie(beside, address)
    except OSError:
        beside.close()
        raise
    return beside


def tie(sock: socket.socket, address: Address) -> None:
    """From now on the socket gets what this address sends. Raises: OSError."""
    if libc.connect(sock.fileno(), address, len(address)):
        raise OSError(ffi.errno, "the address cannot be connected to")


def segmentation_works() -> bool:
    """Whether this kernel takes UDP_SEGMENT at all, tried once on loopback."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as source,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink,
    ):
        sink.bind(("127.0.0.1", 0))
        sink.settimeout(1)
        control = [(socket.IPPROTO_UDP, UDP_SEGMENT, struct.pack("=H", 100))]
        try:
            source.sendmsg([bytes(150)], control, 0, sink.getsockname())
            return len(sink.recv(500)) == 100 and len(sink.recv(500)) == 50
        except OSError:
            return False


class Filler:
    """Fills a vector of messages with one system call, or one by one where that call is not to be had."""

    def __init__(self, vector: Any, size: int, system: Any = libc) -> None:
        """`system`: who has `recvmmsg` and `recvmsg`."""
        self._vector, self._size, self._system = vector, size, system
        self._batches = True

    def fill(self, fd: int) -> int:
        """How many messages of the vector now hold what waited on the socket."""
        if self._batches:
            count: int = self._system.recvmmsg(fd, self._vector, self._size, socket.MSG_DONTWAIT, ffi.NULL)
            if count >= 0 or ffi.errno not in NO_BATCHES:
                return max(0, count)
            self._batches = False
        for i in range(self._size):
            message = self._vector[i]
            length = self._system.recvmsg(fd, ffi.addressof(message, "msg_hdr"), socket.MSG_DONTWAIT)
            if length < 0:
                return i
            message.msg_len = length
        return self._size


class Inbox:
    """Reads up to RECEIVE_BATCH datagrams with one system call into buffers that are used again."""

    def __init__(self, sock: socket.socket, *, system: Any = libc) -> None:
        self._fd = sock.fileno()
        self._buffers = ffi.new("char[]", RECEIVE_BATCH * DATAGRAM_SIZE)
        self._names = ffi.new("char[]", RECEIVE_BATCH * ADDRESS_SIZE)
        self._iovecs = ffi.new("struct iovec[]", RECEIVE_BATCH)
        self._vector = ffi.new("struct mmsghdr[]", RECEIVE_BATCH)
        for i in range(RECEIVE_BATCH):
            self._iovecs[i].iov_base = self._buffers + i * DATAGRAM_SIZE
            self._iovecs[i].iov_len = DATAGRAM_SIZE
            header = self._vector[i].msg_hdr
            header.msg_name = self._names + i * ADDRESS_SIZE
            header.msg_namelen = ADDRESS_SIZE
            header.msg_iov = self._iovecs + i
            header.msg_iovlen = 1
        self._filler = Filler(self._vector, RECEIVE_BATCH, system)
        self._data = memoryview(ffi.buffer(self._buffers))
        self._addresses = memoryview(ffi.buffer(self._names))

    def receive(self, fd: int | None = None) -> Iterator[tuple[bytes, Address]]:
        """What waits on the socket, or on another one, up to one batch; nothing when nothing waits."""
        for i in range(self._filler.fill(self._fd if fd is None else fd)):
            message = self._vector[i]
            header = message.msg_hdr
            start, name = i * DATAGRAM_SIZE, i * ADDRESS_SIZE
            whole = not header.msg_flags & socket.MSG_TRUNC
            address = bytes(self._addresses[name : name + header.msg_namelen])
            header.msg_namelen = ADDRESS_SIZE
            if whole:
                yield bytes(self._data[start : start + message.msg_len]), Address(address)


class Outbox:
    """Collects single datagrams to single addresses and sends them together. Bounded; the excess is dropped."""

    def __init__(
        self, sock: socket.socket, limit: int = 8192, *, batches: bool = True, system: Any = libc
    ) -> None:
        """`batches`: whether to try them at all. `system`: who has `sendmmsg` and `sendmsg`."""
        self._fd = sock.fileno()
        self._limit = limit
        self._batches = batches
        self.system = system
        self._waiting: list[tuple[bytes, Address]] = []
        self._iovecs = ffi.new("struct iovec[]", SEND_BATCH)
        self._vector = ffi.new("struct mmsghdr[]", SEND_BATCH)
        for i in range(SEND_BATCH):
            self._vector[i].msg_hdr.msg_iov = self._iovecs + i
            self._vector[i].msg_hdr.msg_iovlen = 1
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, datagram: bytes, address: Address) -> None:
        if len(self._waiting) >= self._limit:
            self.dropped += 1
            return
        self._waiting.append((datagram, address))

    def add_sealed(self, address: Address, protect: Callable[..., bytes], *clear: Any) -> None:
        """Add what `protect` makes of these; what cannot be sealed is dropped, and nobody else's trouble."""
        try:
            datagram = protect(*clear)
        except ValueError:
            self.dropped += 1
            return
        self.add(datagram, address)

    def flush(self) -> None:
        """Send all that waits; what the kernel has no room for now is dropped, as UDP may."""
        waiting, self._waiting = self._waiting, []
        for start in range(0, len(waiting), SEND_BATCH):
            self._send(waiting[start : start + SEND_BATCH])

    def _send(self, batch: list[tuple[bytes, Address]]) -> None:
        alive = []  # ffi.from_buffer views must outlive the call
        for i, (datagram, address) in enumerate(batch):
            data, name = ffi.from_buffer(datagram), ffi.from_buffer(address)
            alive += [data, name]
            self._iovecs[i].iov_base = data
            self._iovecs[i].iov_len = len(datagram)
            header = self._vector[i].msg_hdr
            header.msg_name = name
            header.msg_namelen = len(address)
        done = 0
        while done < len(batch):
            sent = self._push(done, len(batch) - done)
            if sent > 0:
                done += sent
            elif ffi.errno == errno.EAGAIN:
                self.dropped += len(batch) - done
                return
            elif ffi.errno != errno.EINTR:
                done += 1  # this address cannot be reached: its trouble, not the others'
                self.dropped += 1

    def _push(self, first: int, count: int) -> int:
        """How many of these messages left; below 1 the first one did not, and `ffi.errno` says why."""
        if self._batches:
            sent = self.system.sendmmsg(self._fd, self._vector + first, count, socket.MSG_DONTWAIT)
            if sent > 0 or ffi.errno not in NO_BATCHES:
                return int(sent)
        if self.system.sendmsg(self._fd, ffi.addressof(self._vector[first], "msg_hdr"), socket.MSG_DONTWAIT) < 0:
            return -1  # a firewall's word on this address, which says nothing of batches
        self._batches = False
        return 1
