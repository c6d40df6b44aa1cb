"""Viewers: their welcome, their reports and repairs, their renditions, and the sender reports that they get."""

import time
from collections.abc import Sequence
from dataclasses import replace

from media.cascade import onward
from media.fanout.fanout import Fanout
from media.fanout.lane import COUNT_EVERY, Lane, LaneKey, Seat
from media.fanout.slot import Clear, unwrap
from media.fanout.span import Span, span_of, vp8_marks
from media.programme import hearing, rungs
from media.programme.parties import Viewer
from media.programme.programme import Cue, Programme
from media.programme.rendition import PICTURES, Picture, Rendition
from media.programme.studio import Studio
from media.transport.kernel import Outbox, is_stream
from media.transport.mishaps import Mishaps
from media.wire import rtcp
from media.worker.latecomers import Latecomers


class Audience:
    """The viewers of all studios of one worker. `outbox` takes what goes to single peers."""

    def __init__(self, fanout: Fanout, outbox: Outbox, mishaps: Mishaps | None = None) -> None:
        self._fanout = fanout
        self._outbox = outbox
        self.latecomers = Latecomers(fanout, mishaps)

    def control(self, studio: Studio, viewer: Viewer, datagram: bytes, now: float) -> None:
        """Encrypted RTCP of a viewer. Raises: ValueError."""
        if viewer.receiver is None or viewer.seat is None:
            return
        parts = rtcp.parse(viewer.receiver.unprotect_rtcp(datagram))
        viewer.heard(now)
        programme = studio.programme(viewer.programme)
        for part in parts:
            match part:
                case rtcp.ReceiverReport() | rtcp.SenderReport():
                    self._read_reports(programme, viewer, part.reports, now)
                case rtcp.Remb():
                    viewer.quality.remb_kbps = part.bitrate_bps // 1000
                case rtcp.KeyFrameRequest():
                    if viewer.lane.party:
                        continue  # it is on its way
                    # A relay asks for many viewers, and merges their wishes itself.
                    if not viewer.is_relay and not viewer.wishes.take(now):
                        continue
                    below = onward.rung_of(programme, viewer, part.media)
                    if below is not None:
                        studio.wish_key_frame(below)
                    elif part.media == programme.video.slot.ssrc and viewer.lane.video:
                        studio.wish_key_frame(programme.pictures[viewer.lane.rung])
                case rtcp.Nack():
                    self._repair(programme, viewer, part, now)
                case rtcp.Goodbye():
                    pass  # the end of a viewer is its DELETE, its DTLS alert or its silence

    def _read_reports(
        self, programme: Programme, viewer: Viewer, reports: tuple[rtcp.Report, ...], now: float
    ) -> None:
        if viewer.is_relay and reports:
            sounds = {cue.slot.ssrc for cue in programme.audio}
            viewer.lost_beyond = max((r.fraction_lost / 256 for r in reports if r.ssrc in sounds), default=0.0)
        for report in reports:
            cue = programme.cue_by_ssrc(report.ssrc)
            # The picture's report speaks for the link; without a picture, the first sound's.
            if cue is not None and cue.index == (0 if viewer.lane.video else 1):
                viewer.quality.read(report, cue.slot.clock_hz, rtcp.ntp(time.time()), now)

    def _repair(self, programme: Programme, viewer: Viewer, nack: rtcp.Nack, now: float) -> None:
        below = onward.rung_of(programme, viewer, nack.media)
        if below is not None:
            self._repair_below(programme, viewer, below, nack.lost, now)
            return
        cue, seat = programme.cue_by_ssrc(nack.media), viewer.seat
        if cue is None or seat is None or viewer.address is None:
            return
        if cue.index == 0 and not viewer.lane.video:
            return
        if cue.index and programme.speaker(cue) == viewer.name:
            return
        lane = programme.lanes[viewer.lane]
        for lost in nack.lost:
            span, packet = self._kept(programme, viewer, cue, lost, now)
            if span is None or packet is None or not lane.takes(packet):
                continue
            if not viewer.allowance.take(now):
                return
            viewer.repaired += 1
            again = viewer.repairs.get(lane.payload_type(packet.codec))
            if again is None:
                viewer.quality.repaired(cue.slot.ssrc, packet.sequence + span.shift)
                self._send_to(lane, seat, cue, packet, span)
            else:
                self._send_again(lane, viewer, packet, again, programme.repair_ssrc, span)

    def _repair_below(
        self, programme: Programme, viewer: Viewer, cue: Cue, lost: Sequence[int], now: float
    ) -> None:
        for number in lost:
            packet = cue.ring.get(number, now)
            if packet is not None and viewer.allowance.take(now):
                viewer.repaired += 1
                onward.send(self._outbox, programme, viewer, cue, [packet])

    def _kept(
        self, programme: Programme, viewer: Viewer, cue: Cue, lost: int, now: float
    ) -> tuple[Span | None, Clear | None]:
        """What the receiver got, or should have got, under this number of its own."""
        seat = viewer.seat
        assert seat is not None
        if cue.index:
            packet = cue.ring.get(lost, now)
            _, passed_over = seat.counted.get(cue.index, (None, None))  # up to there it spoke itself
            span = Span(0, max(seat.firsts[cue.index], (passed_over or 0) + 1))
            return (span, packet) if packet is not None and packet.sequence >= span.floor else (None, None)
        newest = programme.pictures[seat.span.rung].slot.highest + seat.span.shift
        number = unwrap(lost, newest)
        found = span_of(seat.spans or (seat.span,), number)
        if found is None:
            return None, None
        ring = programme.pictures[found.rung].ring
        return found, ring.get(number - found.shift & 0xFFFF, now, viewer.shown_at)

    def welcome(self, studio: Studio, programme: Programme, viewer: Viewer) -> None:
        """The viewer's handshake is done: from now on it gets what is sent, and a picture as soon as can be."""
        assert viewer.sender is not None
        assert viewer.address is not None
        kept = programme.video.since_key_frame() if viewer.lane.video else []
        firsts = [cue.slot.highest + 1 - len(cue.frame) for cue in programme.cues]
        if kept:
            firsts[0] = kept[0].sequence
        profile = viewer.sender.profile.name
        viewer.lane = replace(viewer.lane, profile=profile, stream=is_stream(viewer.address))
        viewer.seat = Seat(viewer.address, viewer.sender, tuple(firsts))
        self._show(studio, programme, viewer, viewer.lane, kept)
        if viewer.rungs > 1:
            onward.begin(self._outbox, studio, programme, viewer)

    def moved(self, studio: Studio, viewer: Viewer) -> None:
        """The viewer's address is another now, perhaps over TCP instead of UDP or the other way round."""
        seat = viewer.seat
        if seat is None or viewer.address is None:
            return
        seat.address = viewer.address
        over_tcp = is_stream(viewer.address)
        if viewer.lane.stream != over_tcp:
            studio.programme(viewer.programme).reseat(viewer, replace(viewer.lane, stream=over_tcp))
        elif seat.chunk is not None:
            seat.chunk.move(seat)

    def _show(
        self, studio: Studio, programme: Programme, viewer: Viewer, key: LaneKey, kept: Sequence[Clear]
    ) -> None:
        """A seat for one who has no picture yet: from the last key frame on, if it and what followed was kept."""
        here = programme.pictures[key.rung]
        if kept and not viewer.is_relay:
            self.latecomers.seat(programme, here, viewer, key)
            return
        programme.reseat(viewer, key)
        lane, seat = programme.lanes[key], viewer.seat
        assert seat is not None
        for packet in kept:  # a relay's line bears it all at once
            if lane.takes(packet):
                self._send_to(lane, seat, here, packet, seat.span)
        self._outbox.flush()  # the fan-out sends at once: what was kept must not come after what is live
        if not kept and key.video and here.key_frame <= here.left:  # else one is about to leave
            studio.wish_key_frame(here)

    def suit(self, studio: Studio, programme: Programme, now: float) -> None:
        """Once a second: who cannot keep up gets a smaller picture, or none, until its line is better."""
        source = studio.source(programme.video.live_peer)
        tracks = rungs.filling(source.layers, now) if source is not None else []
        needs = [Picture(PICTURES[tracks.index(track)], track.taken_kbps) for track in tracks]
        known = any(picture.kbps for picture in needs)
        for viewer in [v for several in programme.viewers.values() for v in several if v.seat is not None]:
            if viewer.is_relay or not viewer.wants_picture:
                continue
            quality = viewer.quality
            if known and viewer.ladder.judge(now, needs, quality.remb_kbps, quality.loss):
                quality.loss = quality.remb_kbps = None  # they spoke of the other rendition
                self.follow_ladder(studio, programme, viewer, now)
            elif not viewer.lane.video:
                self._keep_count(programme, viewer)
        programme.rest()
        hearing.tell(studio, programme)

    def follow_ladder(self, studio: Studio, programme: Programme, viewer: Viewer, now: float) -> None:
        """Give the viewer its rendition: the sound alone at once, another picture from its next key frame on."""
        here = programme.pictures[viewer.lane.rung]
        rendition = viewer.ladder.rendition
        programme.stay(viewer)
        if rendition is Rendition.AUDIO:
            if viewer.lane.video:
                viewer.picture_at = here.slot.highest
                programme.reseat(viewer, replace(viewer.lane, video=False, party=0))
        elif PICTURES.index(rendition) != here.rung or here.wanted is None:
            programme.aim(viewer, PICTURES.index(rendition))
            studio.choose_layers(now)
        elif not viewer.lane.video:
            self._show(studio, programme, viewer, replace(viewer.lane, video=True), here.since_key_frame())

    def _keep_count(self, programme: Programme, viewer: Viewer) -> None:
        """A receiver that misses half a turn of the sequence numbers could never decrypt the picture again."""
        cue, seat = programme.pictures[viewer.lane.rung], viewer.seat
        newest = cue.slot.highest - len(cue.frame)
        if seat is None or newest - viewer.picture_at < COUNT_EVERY:
            return
        lane = programme.lanes[viewer.lane]
        for packet in cue.ring.since(newest, newest):
            viewer.picture_at = newest
            given = packet if lane.takes(packet) else lane.filler(packet)
            if given is not None:
                self._send_to(lane, seat, cue, given, seat.span)

    def _send_to(self, lane: Lane, seat: Seat, cue: Cue, packet: Clear, span: Span) -> None:
        """Byte for byte what the fan-out sends to this receiver."""
        number = packet.sequence + span.shift
        header = lane.header(cue.slot.ssrc, packet, sequence=number, ticks=span.ticks)
        rollover = seat.rollover(cue.index, number)
        payload = span.payload(packet, vp8_marks(packet))
        self._outbox.add_sealed(seat.address, seat.sender.protect, header, payload, rollover)

    def _send_again(
        self, lane: Lane, viewer: Viewer, packet: Clear, payload_type: int, ssrc: int, span: Span
    ) -> None:
        """A repair by RTX (RFC 4588): a stream of its own, numbered for this viewer alone."""
        assert viewer.seat is not None
        viewer.repair_sequence += 1
        number = viewer.repair_sequence
        header = lane.header(ssrc, packet, as_type=payload_type, sequence=number, ticks=span.ticks)
        lost = packet.sequence + span.shift & 0xFFFF
        payload = lost.to_bytes(2, "big") + span.payload(packet, vp8_marks(packet))
        seat = viewer.seat
        self._outbox.add_sealed(seat.address, seat.sender.protect, header, payload, number >> 16)

    def report(self, studio: Studio, programme: Programme, now: float) -> None:
        """Sender reports of the slots on air, so that receivers keep picture and sound together."""
        unix_s = time.time()
        reports = {}
        for cue in (*programme.pictures, *programme.audio):
            report = self._sender_report(studio, cue, now, unix_s)
            reports[cue] = b""
            if report is not None:
                about = rtcp.source_description(cue.slot.ssrc, programme.cname)
                reports[cue] = rtcp.sender_report(report) + about
                if cue.index == 0 and cue.rung and programme.differs(cue):
                    onward.report(programme, cue, report, self._outbox, self._fanout.control_index())
                if programme.outlet is not None and programme.differs(cue):
                    programme.outlet.tell_time(cue.index, cue.rung, report)
        for key, lane in programme.lanes.items():
            own = programme.cues_of(key)
            compound = b"".join(reports[cue] for cue in own)
            if not compound:
                continue
            if not (key.shifted and key.video and reports[own[0]]):
                self._fanout.send_control([lane], compound)
                continue
            for seat in [seat for chunk in lane.chunks for seat in chunk.seats]:
                self._fanout.send_control_to(seat, rtcp.at_time(compound, seat.span.ticks))

    def _sender_report(self, studio: Studio, cue: Cue, now: float, unix_s: float) -> rtcp.SenderReport | None:
        slot, source = cue.slot, studio.source(cue.live_peer)
        if cue.live is None or source is None:
            return None
        timestamp = slot.timestamp_at(now)
        track = next((t for t in source.tracks() if t.ssrc == cue.live[1]), None)
        if track is not None and track.report is not None and source.clock_offset_s is not None:
            # The source's own clocks tie its picture to its sound; ours only moves both.
            passed = unix_s - source.clock_offset_s - rtcp.unix_time(track.report.ntp)
            timestamp = slot.out_timestamp(track.report.timestamp + round(passed * slot.clock_hz))
        return rtcp.SenderReport(
            slot.ssrc, rtcp.ntp(unix_s), timestamp, slot.packets & 0xFFFFFFFF, slot.octets & 0xFFFFFFFF
        )
