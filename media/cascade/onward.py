"""The lower rungs of a picture, to relays that carry it further: a stream each, if it has a layer of its own.

Relays are few, so every packet is sealed for each of them by itself; the full picture and the sounds they get as
every viewer does. A rung's SSRC towards a relay is the slot's, plus the rung.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from media.fanout.lane import COUNT_EVERY, first_to_count
from media.fanout.slot import Clear
from media.programme.parties import Viewer
from media.programme.programme import Cue, Programme
from media.programme.studio import Studio
from media.transport.kernel import Outbox
from media.wire import rtcp

_MASK_32 = 0xFFFFFFFF


def begin(outbox: Outbox, studio: Studio, programme: Programme, viewer: Viewer) -> None:
    """The relay has its seat: what was kept of the lower rungs, and from now on what comes."""
    programme.carry()
    for cue in programme.pictures[1 : viewer.rungs]:
        kept = cue.since_key_frame() if programme.differs(cue) else []
        first = kept[0].sequence if kept else cue.slot.highest + 1 - len(cue.frame)
        viewer.lower[cue.rung] = first_to_count(first)
        send(outbox, programme, viewer, cue, kept)
        if not kept and programme.differs(cue):
            studio.wish_key_frame(cue)


def pass_on(outbox: Outbox, programme: Programme, cue: Cue, packets: Sequence[Clear]) -> None:
    """A frame of a lower rung, to every relay that took it.

    Of a rung that does not differ now and then a packet: its numbers run on, and a relay that missed half a turn
    of them, or began to count after a turn, could never open the rung again.
    """
    differs, newest = programme.differs(cue), packets[-1]
    for viewer in programme.relays:
        if cue.rung not in viewer.lower:
            continue
        last = viewer.lower_at.get(cue.rung)
        if differs:
            send(outbox, programme, viewer, cue, packets)
        elif last is None or newest.sequence - last >= COUNT_EVERY:
            send(outbox, programme, viewer, cue, [newest])


def send(outbox: Outbox, programme: Programme, viewer: Viewer, cue: Cue, packets: Iterable[Clear]) -> None:
    """Byte for byte the same at the first time and again."""
    lane = programme.lanes[viewer.lane]
    if viewer.sender is None or viewer.address is None:
        return
    ssrc, first = cue.slot.ssrc + cue.rung & _MASK_32, viewer.lower[cue.rung]
    for packet in packets:
        if lane.takes(packet) and packet.sequence >= first:
            rollover = (packet.sequence >> 16) - (first >> 16)
            header = lane.header(ssrc, packet)
            outbox.add_sealed(viewer.address, viewer.sender.protect, header, packet.payload, rollover)
            viewer.lower_at[cue.rung] = max(viewer.lower_at.get(cue.rung, 0), packet.sequence)


def rung_of(programme: Programme, viewer: Viewer, ssrc: int) -> Cue | None:
    """The lower rung that a relay means by this SSRC."""
    rung = ssrc - programme.video.slot.ssrc & _MASK_32
    return programme.pictures[rung] if rung in viewer.lower else None


def report(programme: Programme, cue: Cue, told: rtcp.SenderReport, outbox: Outbox, index: int) -> None:
    """The sender report of a lower rung. `index`: of SRTCP, used for nothing else."""
    ssrc = cue.slot.ssrc + cue.rung & _MASK_32
    compound = rtcp.sender_report(replace(told, ssrc=ssrc)) + rtcp.source_description(ssrc, programme.cname)
    for viewer in programme.relays:
        if cue.rung in viewer.lower and viewer.sender is not None and viewer.address is not None:
            outbox.add_sealed(viewer.address, viewer.sender.protect_rtcp, compound, index)
