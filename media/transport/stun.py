"""STUN (RFC 8489) as an ICE-lite agent (RFC 8445) needs it: read a Binding request, prove it, answer it.

No input or output. Hostile bytes are a ValueError.
"""

import hashlib
import hmac
import struct
import zlib
from dataclasses import dataclass
from typing import Final

from media.transport.kernel import Address, packed_host

COOKIE: Final = 0x2112A442
BINDING_REQUEST: Final = 0x0001
BINDING_RESPONSE: Final = 0x0101
BINDING_ERROR: Final = 0x0111
BINDING_INDICATION: Final = 0x0011

_USERNAME: Final = 0x0006
_INTEGRITY: Final = 0x0008
_ERROR_CODE: Final = 0x0009
_XOR_MAPPED_ADDRESS: Final = 0x0020
_USE_CANDIDATE: Final = 0x0025
_FINGERPRINT: Final = 0x8028
_ICE_CONTROLLED: Final = 0x8029
_FINGERPRINT_MASK: Final = 0x5354554E
MAX_SIZE: Final = 1280
MAX_ATTRIBUTES: Final = 32


@dataclass(frozen=True, slots=True)
class Request:
    """A Binding request as read; nothing in it is proved before `proves`."""

    kind: int
    transaction: bytes
    username: str  # "ours:theirs"
    nominates: bool
    controlled: bool  # the sender believes that we control: a role conflict
    signed: bytes  # what the integrity code covers, header length adjusted
    integrity: bytes

    @property
    def local_ufrag(self) -> str:
        return self.username.partition(":")[0]


def is_stun(datagram: bytes) -> bool:
    return len(datagram) >= 20 and datagram[4:8] == b"\x21\x12\xa4\x42"


def transaction_of(datagram: bytes) -> bytes:
    """The transaction of a message; its answer bears the same."""
    return datagram[8:20]


def claimed_ufrag(datagram: bytes) -> bytes:
    """Our part of the username where it is the first attribute, as most stacks write it; else nothing.

    For telling strangers' checks cheaply, before they are read.
    """
    if datagram[20:22] != b"\x00\x06":
        return b""
    return datagram[24 : 24 + int.from_bytes(datagram[22:24], "big")].partition(b":")[0]


def parse(datagram: bytes) -> Request:
    """Read a STUN message. Raises: ValueError for anything malformed."""
    if len(datagram) < 20 or len(datagram) > MAX_SIZE:
        raise ValueError("STUN message has an impossible size")
    kind, length, cookie = struct.unpack_from("!HHI", datagram)
    if kind & 0xC000 or cookie != COOKIE or length % 4 or length + 20 != len(datagram):
        raise ValueError("not a STUN header")
    username, integrity, signed = "", b"", b""
    nominates = controlled = False
    position, count = 20, 0
    while position < len(datagram):
        if position + 4 > len(datagram) or count == MAX_ATTRIBUTES:
            raise ValueError("STUN attributes run over")
        name, size = struct.unpack_from("!HH", datagram, position)
        value = datagram[position + 4 : position + 4 + size]
        if len(value) != size:
            raise ValueError("STUN attribute is cut off")
        if name == _FINGERPRINT:
            if size != 4 or struct.unpack("!I", value)[0] != _fingerprint(datagram[:position]):
                raise ValueError("STUN fingerprint is wrong")
        elif integrity:
            pass  # RFC 8489, 14.5: nobody vouches for what stands behind the code
        elif name == _USERNAME:
            username = value.decode("ascii", "strict") if size <= 513 else ""
        elif name == _USE_CANDIDATE:
            nominates = True
        elif name == _ICE_CONTROLLED:
            controlled = True
        elif name == _INTEGRITY:
            if size != 20:
                raise ValueError("STUN integrity code has a wrong size")
            integrity = value
            signed = datagram[:2] + struct.pack("!H", position + 4) + datagram[4:position]
        position += 4 + size + (-size) % 4
        count += 1
    return Request(kind, transaction_of(datagram), username, nominates, controlled, signed, integrity)


def proves(request: Request, password: bytes) -> bool:
    """Whether the sender knows the password of the description that we gave out."""
    if not request.integrity:
        return False
    return hmac.compare_digest(hmac.digest(password, request.signed, "sha1"), request.integrity)


def response(request: Request, source: Address, password: bytes) -> bytes:
    """The success response: tells the sender how we see its address."""
    return _finish(BINDING_RESPONSE, request.transaction, _mapped(source, request.transaction), password)


def role_conflict(request: Request, password: bytes) -> bytes:
    """487 (RFC 8445, 7.3.1.1): a lite agent never controls."""
    value = struct.pack("!HBB", 0, 4, 87) + b"Role Conflict"
    attribute = struct.pack("!HH", _ERROR_CODE, len(value)) + value + bytes(-len(value) % 4)
    return _finish(BINDING_ERROR, request.transaction, attribute, password)


def request(
    transaction: bytes, username: str, password: bytes, *, nominate: bool = False, controlled: bool = False
) -> bytes:
    """A Binding request of a full agent or, `controlled`, of a lite one that asks whether somebody is there."""
    name = username.encode("ascii")
    body = struct.pack("!HH", _USERNAME, len(name)) + name + bytes(-len(name) % 4)
    if nominate:
        body += struct.pack("!HH", _USE_CANDIDATE, 0)
    body += struct.pack("!HHQ", _ICE_CONTROLLED if controlled else 0x802A, 8, 1)
    return _finish(BINDING_REQUEST, transaction, body, password)


def _mapped(source: Address, transaction: bytes) -> bytes:
    port = int.from_bytes(source[2:4], "big") ^ (COOKIE >> 16)
    key = struct.pack("!I", COOKIE) + transaction
    host = packed_host(source)
    family = 1 if len(host) == 4 else 2
    hidden = bytes(a ^ b for a, b in zip(host, key, strict=False))
    return struct.pack("!HHBBH", _XOR_MAPPED_ADDRESS, 4 + len(hidden), 0, family, port) + hidden


def _finish(kind: int, transaction: bytes, body: bytes, password: bytes) -> bytes:
    def head(extra: int) -> bytes:
        return struct.pack("!HHI", kind, len(body) + extra, COOKIE) + transaction

    code = hmac.new(password, head(24) + body, hashlib.sha1).digest()
    signed = body + struct.pack("!HH", _INTEGRITY, 20) + code
    check = _fingerprint(head(32) + signed)
    return head(32) + signed + struct.pack("!HHI", _FINGERPRINT, 4, check)


def _fingerprint(covered: bytes) -> int:
    # RFC 8489, 14.7: the header's length counts the fingerprint itself, as it does on the wire.
    return zlib.crc32(covered) ^ _FINGERPRINT_MASK
