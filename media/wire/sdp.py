"""SDP (RFC 8866) as WHIP and WHEP use it: offers and trickle fragments, read within bounds.

No input or output. Whatever we cannot serve is a ValueError with a reason that a developer understands.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from media.wire.fingerprint import Fingerprint, known_algorithm
from media.wire.rtp import Codec

MAX_SIZE: Final = 64 * 1024
MAX_LINES: Final = 2000
MAX_LINE: Final = 4096
MAX_MEDIA: Final = 16
MAX_CANDIDATES: Final = 64
MAX_CODECS: Final = 128
MAX_LAYERS: Final = 3
MAX_RIDS: Final = 16
ABS_SEND_TIME: Final = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
MID: Final = "urn:ietf:params:rtp-hdrext:sdes:mid"
STREAM_ID: Final = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_STREAM_ID: Final = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
NAMING: Final = (MID, STREAM_ID, REPAIRED_STREAM_ID)  # what tells the streams of a simulcast apart
ANY_TYPE: Final = -1
LIKE_RTCP: Final = range(64, 96)  # with the marker bit they read as the packet types of RTCP (RFC 5761, 4)
_TOKEN: Final = re.compile(r"[!-~]{1,64}")
_ICE: Final = re.compile(r"[A-Za-z0-9+/]{4,256}")
_RID: Final = re.compile(r"[A-Za-z0-9_-]{1,16}")


@dataclass(slots=True)
class Format:
    """One payload type of an offer."""

    number: int
    name: str
    clock_hz: int
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Section:
    """One media section of an offer."""

    kind: str
    mid: str = ""
    direction: str = "sendrecv"
    disabled: bool = False
    numbers: tuple[int, ...] = ()
    formats: dict[int, Format] = field(default_factory=dict)
    extensions: dict[str, int] = field(default_factory=dict)
    ufrag: str = ""
    password: str = ""
    fingerprint: Fingerprint | None = None
    setup: str = ""
    mux: bool = False
    rids: tuple[str, ...] = ()  # streams that are sent, by their names (RFC 8851)
    simulcast: tuple[str, ...] = ()  # of these, the ones that show the same (RFC 8853), in the order of the offer
    nacks: set[int] = field(default_factory=set)  # payload types with NACK (RFC 4585, 4.2), perhaps ANY_TYPE
    bundle: tuple[str, ...] = ()  # of the session: the sections that share one transport (RFC 9143)

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of the streams that we take of a simulcast; none when it is not one we can tell apart."""
        if self.kind != "video" or STREAM_ID not in self.extensions:
            return ()
        return tuple(rid for rid in self.simulcast if rid in self.rids)[:MAX_LAYERS]

    def _usable(self) -> list[Format]:
        """The payload types that can be told from RTCP, in the order of the offer."""
        return [self.formats[n] for n in self.numbers if n in self.formats and n not in LIKE_RTCP]

    def choose(self, codec: Codec) -> Format | None:
        """The offer's payload type for a codec, in the form that we pass on."""
        found = [f for f in self._usable() if f.name.lower() == codec.value.lower()]
        if codec is Codec.H264:
            found = [f for f in found if f.parameters.get("packetization-mode") == "1"]
            found.sort(key=lambda f: _baseline_order(f.parameters.get("profile-level-id", "")))
        return found[0] if found else None

    def is_repaired(self, number: int) -> bool:
        """Whether lost packets of this payload type may be asked for (NACK)."""
        return not self.nacks.isdisjoint((number, ANY_TYPE))

    def repair_of(self, number: int) -> Format | None:
        """The payload type under which the offer takes repairs of another one (RTX, RFC 4588)."""
        for candidate in self._usable():
            if candidate.name.lower() == "rtx" and candidate.parameters.get("apt") == str(number):
                return candidate
        return None


def _baseline_order(profile: str) -> int:
    order = {"42e0": 0, "4200": 1, "4d00": 2}
    return order.get(profile.lower()[:4], 3)


@dataclass(frozen=True, slots=True)
class Offer:
    """What an offer asks for; the transport values are those of the bundle."""

    sections: tuple[Section, ...]
    fingerprint: Fingerprint
    ufrag: str
    password: str
    bundled: bool = True


class Unacceptable(ValueError):
    """Well-formed, and yet nothing that the relay can take part in."""


def _lines(text: str) -> list[str]:
    if len(text) > MAX_SIZE:
        raise ValueError("the description is longer than 64 KiB")
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    if len(lines) > MAX_LINES or any(len(line) > MAX_LINE for line in lines):
        raise ValueError("the description has too many or too long lines")
    if sum(line.startswith("a=candidate:") for line in lines) > MAX_CANDIDATES:
        raise ValueError("the description has too many candidates")
    return lines


def parse_offer(text: str) -> Offer:
    """Read an offer. Raises: ValueError."""
    lines = _lines(text)
    if lines[0] != "v=0":
        raise ValueError("not a session description")
    session = Section("session")
    sections: list[Section] = []
    for line in lines[1:]:
        if len(line) < 2 or line[1] != "=":
            raise ValueError("a line without a type")
        if line.startswith("m="):
            if len(sections) == MAX_MEDIA:
                raise ValueError("too many media sections")
            sections.append(_media_line(line[2:]))
        elif line.startswith("a="):
            _attribute(sections[-1] if sections else session, line[2:])
    return _offer(session, sections)


def _offer(session: Section, sections: list[Section]) -> Offer:
    wanted = [s for s in sections if not s.disabled]
    if not wanted:
        raise Unacceptable("no media section")
    if len({s.mid for s in sections}) != len(sections) or not all(s.mid for s in sections):
        raise ValueError("each media section needs a mid of its own")
    first = wanted[0]
    fingerprint = first.fingerprint or session.fingerprint
    ufrag, password = first.ufrag or session.ufrag, first.password or session.password
    if fingerprint is None:
        raise ValueError("no certificate fingerprint that we know")
    if not ufrag or not password:
        raise ValueError("no ICE credentials")
    media = [s.mid for s in wanted if s.kind in ("audio", "video")]
    if len(media) > 1 and not set(media) <= set(session.bundle):
        # RFC 9725, 4.4.1: all media in one group.
        raise Unacceptable("all media must share one transport: offer a=group:BUNDLE with every section in it")
    for section in wanted:
        if (section.setup or session.setup or "actpass") not in ("actpass", "active"):
            raise Unacceptable("the relay is the passive side of DTLS: offer actpass or active")
        if section.kind in ("audio", "video") and not section.mux:
            raise Unacceptable("RTP and RTCP must share a port (rtcp-mux)")
        _tell_apart(section)
    return Offer(tuple(sections), fingerprint, ufrag, password, bool(session.bundle))


def _tell_apart(section: Section) -> None:
    """Raises: Unacceptable when all that we could take of a section would read as RTCP."""
    ours = {codec.value.lower() for codec in Codec}
    hidden = [f.number for f in section.formats.values() if f.number in LIKE_RTCP and f.name.lower() in ours]
    if hidden and not any(section.choose(codec) for codec in Codec):
        number = hidden[0]
        raise Unacceptable(f"payload type {number} reads as RTCP (RFC 5761, 4): take 96 to 127, or 35 to 63")


def _media_line(value: str) -> Section:
    parts = value.split(" ")
    if len(parts) < 4 or len(parts) > 3 + MAX_CODECS or not parts[1].isdecimal():
        raise ValueError("a media line that we cannot read")
    kind, port, protocol, *numbers = parts
    known = kind in ("audio", "video") and protocol == "UDP/TLS/RTP/SAVPF"
    section = Section(kind if known else "other", disabled=port == "0")
    if known:
        if not all(n.isdecimal() and int(n) < 128 for n in numbers):
            raise ValueError("a payload type that is none")
        section.numbers = tuple(int(n) for n in numbers)
    return section


def _attribute(section: Section, text: str) -> None:
    name, _, value = text.partition(":")
    match name:
        case "mid" if _TOKEN.fullmatch(value):
            section.mid = value
        case "group" if not section.bundle:
            kind, *mids = value.split(" ")[: 1 + MAX_MEDIA]
            section.bundle = tuple(mids) if kind == "BUNDLE" else ()
        case "sendrecv" | "sendonly" | "recvonly" | "inactive":
            section.direction = name
        case "ice-ufrag" if _ICE.fullmatch(value):
            section.ufrag = value
        case "ice-pwd" if _ICE.fullmatch(value) and len(value) >= 22:
            section.password = value
        case "fingerprint":
            section.fingerprint = _fingerprint(value) or section.fingerprint
        case "setup":
            section.setup = value
        case "rtcp-mux":
            section.mux = True
        case "bundle-only":
            section.disabled = False  # RFC 9143, 6: port 0 does not mean off here
        case "rtpmap":
            _map(section, value)
        case "fmtp":
            number, _, parameters = value.partition(" ")
            if number.isdecimal() and int(number) in section.formats:
                pairs = (p.strip().partition("=") for p in parameters.split(";")[:32])
                section.formats[int(number)].parameters = {k.lower(): v for k, _, v in pairs if k}
        case "rtcp-fb":
            number, _, kind = value.partition(" ")
            if kind.strip() == "nack" and (number == "*" or _is_number(number, 127)):
                section.nacks.add(ANY_TYPE if number == "*" else int(number))
        case "extmap":
            number, _, uri = value.partition(" ")
            number, uri = number.partition("/")[0], uri.split(" ")[0]
            # We write one-byte headers only; what we read may have the two-byte form (RFC 8285).
            highest = 255 if uri in NAMING else 14
            if _is_number(number, highest) and number != "0" and len(section.extensions) < 32:
                section.extensions[uri] = int(number)
        case "rid":
            rid, _, rest = value.partition(" ")
            if _RID.fullmatch(rid) and rest.split(" ")[0] == "send" and len(section.rids) < MAX_RIDS:
                section.rids += (rid,)
        case "simulcast":
            section.simulcast = _simulcast(value)
        case _:
            pass


def _is_number(text: str, highest: int) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 4 and int(text) <= highest


def _simulcast(value: str) -> tuple[str, ...]:
    """What is sent: of alternatives the first; whether a stream begins paused (`~`) shows by itself."""
    words = value.split(" ")
    if "send" not in words[:-1]:
        return ()
    streams = words[words.index("send") + 1].split(";")[:MAX_RIDS]
    return tuple(dict.fromkeys(stream.split(",")[0].removeprefix("~") for stream in streams))


def _map(section: Section, value: str) -> None:
    number, _, rest = value.partition(" ")
    name, _, clock = rest.partition("/")
    clock = clock.partition("/")[0]
    if not (number.isdecimal() and int(number) < 128 and clock.isdecimal() and len(clock) < 8):
        raise ValueError("an rtpmap that we cannot read")
    section.formats[int(number)] = Format(int(number), name, int(clock))


def _fingerprint(value: str) -> Fingerprint | None:
    algorithm, _, digest = value.partition(" ")
    algorithm, digest = algorithm.lower(), digest.strip().upper()
    if not known_algorithm(algorithm):
        return None
    if not re.fullmatch(r"[0-9A-F]{2}(:[0-9A-F]{2}){31,63}", digest):
        raise ValueError("a certificate fingerprint that we cannot read")
    return Fingerprint(algorithm, digest)


@dataclass(frozen=True, slots=True)
class Fragment:
    """A trickle fragment (RFC 8840): all that an ICE-lite side needs of it are the credentials."""

    ufrag: str
    password: str


def parse_fragment(text: str) -> Fragment:
    """Read `application/trickle-ice-sdpfrag`. Raises: ValueError."""
    section = Section("fragment")
    for line in _lines(text):
        if line and (len(line) < 2 or line[1] != "="):
            raise ValueError("a line without a type")
        if line.startswith("a="):
            _attribute(section, line[2:])
    return Fragment(section.ufrag, section.password)
