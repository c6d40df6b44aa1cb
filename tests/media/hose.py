"""Garbage for the UDP port, and what sends it quickly."""

import os
import secrets
import socket
import struct

from media.transport import stun
from media.transport.kernel import UDP_SEGMENT, ffi, libc

COPIES = 40  # of one datagram in a message that the kernel cuts up
WHOLE = 1200  # longer ones go singly


def garbage(ufrag: str) -> tuple[list[bytes], list[bytes]]:
    """One batch for strangers' sockets and one for the known address."""
    check = stun.request(os.urandom(12), f"{ufrag}:theirs", b"not the password", nominate=True)
    nobody = stun.request(os.urandom(12), f"{secrets.token_hex(4)}:theirs", b"not the password", nominate=True)
    hello = b"\x16\xfe\xff" + bytes(8) + struct.pack("!H", 150) + b"\x01" + os.urandom(149)
    strange = [os.urandom(60), os.urandom(200), check, nobody, check[:30], hello, b"\x80\x60" + os.urandom(80)]
    strange += [os.urandom(3000), b"\x00", b"\x00\x01\x00\x00" + os.urandom(16)]
    known = [b"\x80\x60" + os.urandom(900), b"\x80\xe0" + os.urandom(60), b"\x80\xc8\x00\x06" + os.urandom(60)]
    known += [os.urandom(100), b"\x80", check, b"\xbf\x60" + os.urandom(20)]
    return strange, known


class Hose:
    """Sends one batch again and again from one connected socket: many datagrams with a system call."""

    def __init__(self, sock: socket.socket, batch: list[bytes]) -> None:
        self._sock = sock
        self._size = len(batch)
        self._copies = [COPIES if len(datagram) <= WHOLE else 1 for datagram in batch]
        pairs = zip(batch, self._copies, strict=True)
        self._alive = [ffi.from_buffer(datagram * copies) for datagram, copies in pairs]
        self._iovecs = ffi.new("struct iovec[]", self._size)
        self._control = ffi.new("char[]", 24 * self._size)
        self._vector = ffi.new("struct mmsghdr[]", self._size)
        for i, datagram in enumerate(batch):
            self._iovecs[i].iov_base, self._iovecs[i].iov_len = self._alive[i], len(self._alive[i])
            header = self._vector[i].msg_hdr
            header.msg_iov, header.msg_iovlen = self._iovecs + i, 1
            if self._copies[i] > 1:
                cut = struct.pack("=QiiH", 18, socket.IPPROTO_UDP, UDP_SEGMENT, len(datagram))
                ffi.memmove(self._control + 24 * i, cut, len(cut))
                header.msg_control, header.msg_controllen = self._control + 24 * i, 24

    def spray(self) -> int:
        """How many datagrams left."""
        sent = libc.sendmmsg(self._sock.fileno(), self._vector, self._size, socket.MSG_DONTWAIT)
        return sum(self._copies[: max(0, sent)])
