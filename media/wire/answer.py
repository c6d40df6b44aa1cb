"""The answer of an ICE-lite, passive relay to an offer (SDP, RFC 8866), and to an ICE restart. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from media.wire.fingerprint import Fingerprint
from media.wire.sdp import ABS_SEND_TIME, NAMING, Format, Offer, Section

START_KBPS: Final = 1200


@dataclass(frozen=True, slots=True)
class Transport:
    """Our end: the same for all sections, because they are bundled."""

    ufrag: str
    password: str
    fingerprint: Fingerprint
    hosts: Sequence[str]
    port: int
    tcp_port: int = 0  # 0 for none


@dataclass(frozen=True, slots=True)
class Accepted:
    """What we answer to one section; `ssrc` is 0 where we only receive, `repair_ssrc` where there is no RTX."""

    formats: tuple[Format, ...]
    sending: bool
    ssrc: int = 0
    repair_ssrc: int = 0
    cname: str = ""
    stream: str = ""
    send_time_id: int = 0
    layers: tuple[str, ...] = ()  # of a simulcast that we take


def write_answer(offer: Offer, accepted: dict[str, Accepted], transport: Transport, version: int = 1) -> str:
    """The answer: sections that are not accepted are refused with port 0."""
    mids = " ".join(s.mid for s in offer.sections if s.mid in accepted)
    out = ["v=0", f"o=- 1 {version} IN IP4 127.0.0.1", "s=-", "t=0 0"]
    if offer.bundled:
        out.append(f"a=group:BUNDLE {mids}")
    out += ["a=ice-lite", "a=msid-semantic: WMS *"]
    for section in offer.sections:
        answer = accepted.get(section.mid)
        out += _refused(section) if answer is None else _section(section, answer, transport)
    return "\r\n".join(out) + "\r\n"


def _refused(section: Section) -> list[str]:
    if section.kind in ("audio", "video"):
        number = section.numbers[0] if section.numbers else 0
        line = f"m={section.kind} 0 UDP/TLS/RTP/SAVPF {number}"
    else:
        line = "m=application 0 UDP/DTLS/SCTP webrtc-datachannel"
    return [line, "c=IN IP4 0.0.0.0", "a=inactive", f"a=mid:{section.mid}"]


def _section(section: Section, answer: Accepted, transport: Transport) -> list[str]:
    numbers = " ".join(str(f.number) for f in answer.formats)
    host = transport.hosts[0]
    out = [
        f"m={section.kind} {transport.port} UDP/TLS/RTP/SAVPF {numbers}",
        f"c=IN {'IP6' if ':' in host else 'IP4'} {host}",
        f"a=mid:{section.mid}",
        f"a=ice-ufrag:{transport.ufrag}",
        f"a=ice-pwd:{transport.password}",
        f"a=fingerprint:{transport.fingerprint.algorithm} {transport.fingerprint.value}",
        "a=setup:passive",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        "a=sendonly" if answer.sending else "a=recvonly",
    ]
    for chosen in answer.formats:
        out += _format(section, chosen, answer.sending)
    if answer.layers:
        out += _layers(section, answer.layers)
    if answer.send_time_id:
        out.append(f"a=extmap:{answer.send_time_id} {ABS_SEND_TIME}")
    if answer.ssrc:
        out.append(f"a=msid:{answer.stream} {answer.stream}-{section.kind}")
        if answer.repair_ssrc:
            out.append(f"a=ssrc-group:FID {answer.ssrc} {answer.repair_ssrc}")
        for ssrc in filter(None, (answer.ssrc, answer.repair_ssrc)):
            out.append(f"a=ssrc:{ssrc} cname:{answer.cname}")
            out.append(f"a=ssrc:{ssrc} msid:{answer.stream} {answer.stream}-{section.kind}")
    out += candidates(transport)
    return out


def _layers(section: Section, layers: tuple[str, ...]) -> list[str]:
    named = [(section.extensions[uri], uri) for uri in NAMING if uri in section.extensions]
    out = [f"a=extmap:{number} {uri}" for number, uri in named]
    out += [f"a=rid:{rid} recv" for rid in layers]
    return [*out, f"a=simulcast:recv {';'.join(layers)}"]


def candidates(transport: Transport) -> list[str]:
    """Our host candidates, all on one port; those over TCP (RFC 6544) rank below all over UDP."""
    lines = []
    for i, host in enumerate(transport.hosts):
        priority = (126 << 24) | (65535 - i << 8) | 255
        lines.append(f"a=candidate:{i + 1} 1 udp {priority} {host} {transport.port} typ host")
    for i, host in enumerate(transport.hosts if transport.tcp_port else ()):
        # RFC 6544, 4.2: three bits of direction (a passive host candidate has 4), thirteen of our own order.
        priority = (90 << 24) | ((4 << 13 | 8191 - i) << 8) | 255
        address = f"{host} {transport.tcp_port}"
        lines.append(f"a=candidate:{len(lines) + 1} 1 tcp {priority} {address} typ host tcptype passive")
    return [*lines, "a=end-of-candidates"]


def _format(section: Section, chosen: Format, sending: bool) -> list[str]:
    number = chosen.number
    if section.kind == "audio":
        # A publisher that can be silent in silence (DTX) may; in-band FEC bridges what is lost of speech.
        silence = ";usedtx=1" if not sending and chosen.parameters.get("usedtx") == "1" else ""
        lines = [f"a=rtpmap:{number} opus/48000/2", f"a=fmtp:{number} minptime=10;useinbandfec=1{silence}"]
        # A lost packet comes again as it was: nobody has RTX for sound.
        feedback = ["nack"] * section.is_repaired(number) + ["goog-remb"] * (not sending)
        return [*lines, *(f"a=rtcp-fb:{number} {kind}" for kind in feedback)]
    lines = [f"a=rtpmap:{number} {chosen.name}/{chosen.clock_hz}"]
    if chosen.name.lower() == "rtx":
        return [*lines, f"a=fmtp:{number} apt={chosen.parameters['apt']}"]
    lines += [f"a=rtcp-fb:{number} {kind}" for kind in ("nack", "nack pli", "ccm fir", "goog-remb")]
    parameters = []
    if chosen.name.upper() == "H264":
        level = chosen.parameters.get("profile-level-id", "42e01f")
        parameters = ["level-asymmetry-allowed=1", "packetization-mode=1", f"profile-level-id={level}"]
    if not sending:
        # Without transport-cc a browser climbs slowly from 300 kbit/s; this lets it begin where a room needs it.
        parameters.append(f"x-google-start-bitrate={START_KBPS}")
    if parameters:
        lines.append(f"a=fmtp:{number} {';'.join(parameters)}")
    return lines


def write_fragment(transport: Transport) -> str:
    """Our side after an ICE restart."""
    head = [f"a=ice-ufrag:{transport.ufrag}", f"a=ice-pwd:{transport.password}", "a=ice-lite"]
    return "\r\n".join([*head, *candidates(transport)]) + "\r\n"
