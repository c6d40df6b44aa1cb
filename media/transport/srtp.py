"""SRTP: keys out of the DTLS handshake (RFC 5764), and how packets are sealed and opened with them.

AES-128-GCM (RFC 7714) is sealed by our own transform over a kept AESGCM context, which writes straight into the
fan-out's buffers: 1.2 µs a packet against 2.5 for libsrtp's. AES-CM with HMAC-SHA1 (RFC 3711) and everything
that comes in goes through libsrtp, which also keeps the replay window.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pylibsrtp
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from pylibsrtp import Policy, Session
from pylibsrtp._binding import ffi as srtp_ffi
from pylibsrtp._binding import lib as srtp_lib

from media.transport import sealer

TAG_SIZE: Final = 16
CM_TAG_SIZE: Final = 10  # of HMAC-SHA1-80
TRAILER_SIZE: Final = 32  # the most that any profile adds to a packet
ENCRYPTED: Final = 0x80000000
REPLAY_WINDOW: Final = 512
MAX_STREAMS: Final = 32  # of one peer: three layers, their repairs and a sound, and some that began anew
SENT_WINDOW: Final = 2048  # as many packets as are kept for repair
ROOM: Final = pylibsrtp.SRTP_MAX_SRTCP_TRAILER_LEN
_RTP_KEY, _RTP_SALT, _RTCP_KEY, _RTCP_SALT = 0, 2, 3, 5

EncryptInto = Callable[[bytes, bytes, bytes, memoryview], int]


@dataclass(frozen=True, slots=True)
class Profile:
    """A DTLS-SRTP protection profile, by OpenSSL's name for it."""

    name: str
    openssl: str
    libsrtp: int
    key_size: int
    salt_size: int

    @property
    def material_size(self) -> int:
        return 2 * (self.key_size + self.salt_size)


GCM: Final = Profile("AEAD_AES_128_GCM", "SRTP_AEAD_AES_128_GCM", Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 16, 12)
CM: Final = Profile(
    "AES_CM_128_HMAC_SHA1_80", "SRTP_AES128_CM_SHA1_80", Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 16, 14
)
PROFILES: Final = (GCM, CM)  # our order decides, because we are the DTLS server


@dataclass(frozen=True, slots=True)
class Keys:
    """Master key and salt, joined, of each direction."""

    profile: Profile
    client: bytes
    server: bytes


def split_material(profile: Profile, material: bytes) -> Keys:
    """Cut the exported keying material (RFC 5764, 4.2)."""
    key, salt = profile.key_size, profile.salt_size
    salts = material[2 * key :]
    return Keys(profile, material[:key] + salts[:salt], material[key : 2 * key] + salts[salt:])


def derive(master_key: bytes, master_salt: bytes, label: int, size: int) -> bytes:
    """The key derivation function of RFC 3711, 4.3, with a key derivation rate of zero."""
    salt = master_salt + bytes(14 - len(master_salt))  # RFC 7714, 11: a short salt is padded on the right
    start = int.from_bytes(salt, "big") ^ label << 48
    counter = (start << 16).to_bytes(16, "big")
    return Cipher(AES(master_key), CTR(counter)).encryptor().update(bytes(size))


def rtp_iv(ssrc: int, rollover: int, sequence: int) -> bytes:
    """What is added to the salt for one RTP packet (RFC 7714, 8.1)."""
    return struct.pack("!HIIH", 0, ssrc, rollover & 0xFFFFFFFF, sequence)


def rtcp_iv(ssrc: int, index: int) -> bytes:
    """What is added to the salt for one RTCP packet (RFC 7714, 9.1)."""
    return struct.pack("!HIHI", 0, ssrc, 0, index)


class GcmSender:
    """One receiver's sending keys for AES-128-GCM: the fan-out takes the five public members."""

    __slots__ = ("encrypt_rtcp", "encrypt_rtp", "rtcp_salt", "rtp_key", "rtp_salt")
    profile = GCM

    def __init__(self, master: bytes) -> None:
        key, salt = master[:16], master[16:28]
        session_key = derive(key, salt, _RTP_KEY, 16)
        self.encrypt_rtp: EncryptInto = AESGCM(session_key).encrypt_into
        self.rtp_key: Any = sealer.key(session_key)
        self.encrypt_rtcp: EncryptInto = AESGCM(derive(key, salt, _RTCP_KEY, 16)).encrypt_into
        self.rtp_salt = derive(key, salt, _RTP_SALT, 12)
        self.rtcp_salt = derive(key, salt, _RTCP_SALT, 12)

    def protect(self, header: bytes, payload: bytes, rollover: int) -> bytes:
        """One sealed RTP packet; `rollover` is the receiver's own count of wrap-arounds."""
        (sequence,) = struct.unpack_from("!H", header, 2)
        (ssrc,) = struct.unpack_from("!I", header, 8)
        return header + _seal(self.encrypt_rtp, self.rtp_salt, rtp_iv(ssrc, rollover, sequence), payload, header)

    def protect_rtcp(self, packet: bytes, index: int) -> bytes:
        """One sealed RTCP packet; an index serves once for a key."""
        (ssrc,) = struct.unpack_from("!I", packet, 4)
        tail = struct.pack("!I", ENCRYPTED | index)
        iv = rtcp_iv(ssrc, index)
        return packet[:8] + _seal(self.encrypt_rtcp, self.rtcp_salt, iv, packet[8:], packet[:8] + tail) + tail


def _seal(encrypt: EncryptInto, salt: bytes, iv: bytes, clear: bytes, header: bytes) -> bytes:
    sealed = bytearray(len(clear) + TAG_SIZE)
    nonce = (int.from_bytes(salt, "big") ^ int.from_bytes(iv, "big")).to_bytes(12, "big")
    encrypt(nonce, clear, header, memoryview(sealed))
    return bytes(sealed)


class CmSender:
    """One receiver's sending session for AES-CM, in place in a buffer of ours.

    libsrtp counts the turns of the numbers by itself here, from the first one: it refuses a number further back
    than its window, or ahead by half a turn. Raises then: ValueError, which is this receiver's trouble alone.
    """

    __slots__ = ("_handle", "_session", "_size")
    profile = CM

    def __init__(self, master: bytes) -> None:
        policy = Policy(master, Policy.SSRC_ANY_OUTBOUND, 0, CM.libsrtp)
        policy.allow_repeat_tx = True  # repairs send the same packet again
        policy.window_size = SENT_WINDOW
        self._session = Session(policy)
        self._handle: Any = self._session._srtp[0]
        self._size: Any = srtp_ffi.new("int *")

    def protect_in_place(self, buffer: Any, size: int) -> int:
        """Seal the packet of `size` bytes in `buffer`, which has TRAILER_SIZE bytes more; the new size."""
        self._size[0] = size
        if srtp_lib.srtp_protect(self._handle, buffer, self._size):
            return 0
        return int(self._size[0])

    def protect(self, header: bytes, payload: bytes, rollover: int) -> bytes:
        if rollover < 0:
            raise ValueError("SRTP: from before the first turn that the receiver counts")
        return self._sealed(srtp_lib.srtp_protect, header + payload)

    def protect_rtcp(self, packet: bytes, index: int) -> bytes:
        return self._sealed(srtp_lib.srtp_protect_rtcp, packet)

    def _sealed(self, protect: Any, clear: bytes) -> bytes:
        buffer = srtp_ffi.new("char[]", len(clear) + ROOM)
        srtp_ffi.memmove(buffer, clear, len(clear))
        self._size[0] = len(clear)
        trouble = protect(self._handle, buffer, self._size)
        if trouble:
            raise ValueError(f"SRTP: {pylibsrtp.ERRORS[trouble]}")
        return bytes(srtp_ffi.buffer(buffer, self._size[0]))


Sender = GcmSender | CmSender


def sender(profile: Profile, master: bytes) -> Sender:
    return GcmSender(master) if profile is GCM else CmSender(master)


class Receiver:
    """Opens what one peer sends. Raises: ValueError for a packet that is forged, repeated or too old.

    libsrtp keeps a stream for each SSRC for ever and looks through all of them for the next packet. So beyond
    MAX_STREAMS that which was heard least lately is given up; should it come again, it begins anew.
    """

    __slots__ = ("_heard", "_session")

    def __init__(self, profile: Profile, master: bytes) -> None:
        policy = Policy(master, Policy.SSRC_ANY_INBOUND, 0, profile.libsrtp)
        policy.window_size = REPLAY_WINDOW
        self._session = Session(policy)
        self._heard: dict[bytes, None] = {}  # SSRCs as they stand in packets, least lately first

    def unprotect(self, datagram: bytes) -> bytes:
        try:
            clear = bytes(self._session.unprotect(datagram))
        except pylibsrtp.Error as error:
            raise ValueError(f"SRTP: {error}") from None
        self._note(datagram[8:12])
        return clear

    def unprotect_rtcp(self, datagram: bytes) -> bytes:
        try:
            clear = bytes(self._session.unprotect_rtcp(datagram))
        except pylibsrtp.Error as error:
            raise ValueError(f"SRTCP: {error}") from None
        self._note(datagram[4:8])
        return clear

    def _note(self, ssrc: bytes) -> None:
        """Something authentic came under it: what is forged pushes nobody out."""
        self._heard.pop(ssrc, None)
        self._heard[ssrc] = None
        if len(self._heard) > MAX_STREAMS:
            oldest = next(iter(self._heard))
            del self._heard[oldest]
            self._session.remove_stream(int.from_bytes(oldest, "big"))
