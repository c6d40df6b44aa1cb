"""Garbage for the UDP port, and what sends it quickly."""

import os
import secrets
import socket
import struct

from media import stun
from media.kernel import SEND_BATCH, ffi, libc


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
    """Sends one batch again and again from one socket, SEND_BATCH datagrams with a system call."""

    def __init__(self, sock: socket.socket, batch: list[bytes]) -> None:
        self._sock = sock
        self._alive = [ffi.from_buffer(batch[i % len(batch)]) for i in range(SEND_BATCH)]
        self._iovecs = ffi.new("struct iovec[]", SEND_BATCH)
        self._vector = ffi.new("struct mmsghdr[]", SEND_BATCH)
        for i, data in enumerate(self._alive):
            self._iovecs[i].iov_base, self._iovecs[i].iov_len = data, len(data)
            self._vector[i].msg_hdr.msg_iov = self._iovecs + i
            self._vector[i].msg_hdr.msg_iovlen = 1

    def spray(self) -> int:
        return max(0, libc.sendmmsg(self._sock.fileno(), self._vector, SEND_BATCH, socket.MSG_DONTWAIT))
