"""Which sections of an offer the relay takes part in, and with which payload types. Plain values, no output."""

from typing import Any, Final

from media.programme.programme import AUDIO_SLOTS
from media.relay.problems import Refusal
from media.transport.channel import Message
from media.wire import sdp
from media.wire.answer import Accepted
from media.wire.rtp import Codec
from media.wire.sdp import Offer, Section

SENDING: Final = ("sendrecv", "sendonly")
RECEIVING: Final = ("sendrecv", "recvonly")
VIDEO_CODECS: Final = (Codec.VP8, Codec.H264)


def chosen_to_receive(offer: Offer) -> list[tuple[Section, Codec, sdp.Format]]:
    """The first video and the first audio section that the publisher sends in, each with one codec."""
    chosen = []
    for kind, codecs in (("video", VIDEO_CODECS), ("audio", (Codec.OPUS,))):
        for section in offer.sections:
            if section.kind != kind or section.disabled or section.direction not in SENDING:
                continue
            found = next(((c, f) for c in codecs if (f := section.choose(c))), None)
            if found is not None:
                chosen.append((section, *found))
                break
    if not chosen:
        raise Refusal("unacceptable", "nothing that the relay takes: it wants VP8 or H264 video, or Opus audio")
    _all_or_nothing(offer, [section for section, *_ in chosen], SENDING)
    return chosen


def simulcast(chosen: list[tuple[Section, Codec, sdp.Format]]) -> dict[str, Any]:
    """What the worker must know to tell the layers of a picture apart; nothing when it has but one."""
    for section, _, _ in chosen:
        if section.layers:
            return {"layers": list(section.layers), "rid_id": section.extensions[sdp.STREAM_ID]}
    return {}


def sends_sound_again(chosen: list[tuple[Section, Codec, sdp.Format]]) -> bool:
    """Whether the publisher answers NACK for its sound: browsers do only when their offer was made to say so."""
    return any(codec is Codec.OPUS and section.is_repaired(f.number) for section, codec, f in chosen)


def _all_or_nothing(offer: Offer, chosen: list[Section], directions: tuple[str, ...]) -> None:
    """A session that works in part misleads (RFC 9725, 4.4.2 and 4.4.3). Raises: Refusal."""
    for section in offer.sections:
        wanted = section.kind != "other" and not section.disabled and section.direction in directions
        if wanted and section not in chosen:
            raise Refusal("unacceptable", f"the {section.kind} section {section.mid} is one too many or unknown")


Choice = tuple[Section, list[tuple[Codec, sdp.Format]]]


def chosen_to_send(offer: Offer, pictures: int = 1) -> tuple[list[Choice], list[Choice]]:
    """Sections that get the video slot and the audio slots, in order, with every codec a source may have.

    `pictures`: how many sections may get one; a relay takes each rung in its own.
    """
    video: list[Choice] = []
    audio: list[Choice] = []
    for section in offer.sections:
        if section.disabled or section.direction not in RECEIVING:
            continue
        codecs = VIDEO_CODECS if section.kind == "video" else (Codec.OPUS,)
        formats = [(c, f) for c in codecs if (f := section.choose(c))]
        if section.kind == "video" and formats and len(video) < pictures and _same_types(video, formats):
            video.append((section, formats))
        elif section.kind == "audio" and formats and len(audio) < AUDIO_SLOTS and _same_types(audio, formats):
            audio.append((section, formats))
    if not video and not audio:
        raise Refusal("unacceptable", "nothing that the relay sends: it has VP8 or H264 video, and Opus audio")
    _all_or_nothing(offer, [section for section, _ in video + audio], RECEIVING)
    return video, audio


def _same_types(chosen: list[Choice], formats: list[tuple[Codec, sdp.Format]]) -> bool:
    """In one bundle a payload type means one codec; all sections of a kind name the same ones."""
    return not chosen or [f.number for _, f in chosen[0][1]] == [f.number for _, f in formats]


def repairs(video: list[Choice]) -> dict[int, sdp.Format]:
    """The payload types for repairs, by the type that they repair."""
    numbers = [(section, f.number) for section, formats in video for _, f in formats]
    return {number: found for section, number in numbers if (found := section.repair_of(number))}


def sending(
    video: list[Choice], audio: list[Choice], repairs: dict[int, sdp.Format], answer: Message
) -> dict[str, Accepted]:
    accepted = {}
    slots = [*((0, rung, c) for rung, c in enumerate(video)), *((i, 0, c) for i, c in enumerate(audio, 1))]
    for index, rung, (section, formats) in slots:
        again = tuple(repairs.values()) if index == 0 and rung == 0 else ()
        accepted[section.mid] = Accepted(
            (*(f for _, f in formats), *again),
            sending=True,
            ssrc=answer["ssrcs"][index] + rung & 0xFFFFFFFF,
            repair_ssrc=answer["repair_ssrc"] if again else 0,
            cname=answer["cname"],
            # Picture and first sound belong together; the other sounds are streams of their own.
            stream="main" if index < 2 else f"audio-{index}",
            send_time_id=section.extensions.get(sdp.ABS_SEND_TIME, 0) if index == 0 else 0,
        )
    return accepted
