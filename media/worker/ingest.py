"""Sources: what comes in from publishers once decrypted, and what goes back: reports, NACK, PLI, REMB."""

import time

from media.cascade.flow import Flow
from media.fanout.fanout import Fanout
from media.programme.limit import PICTURE_FACTOR, Limit
from media.programme.parties import Publisher
from media.programme.studio import Studio
from media.programme.track import Track
from media.transport.kernel import Outbox
from media.transport.peer import random_ssrc
from media.wire import picture_size, rtcp, rtp
from media.wire.rtp import Codec


class Ingest:
    """The sources of all studios of one worker. `outbox` takes what goes to single peers."""

    def __init__(self, flow: Flow, fanout: Fanout, outbox: Outbox, max_bps: int) -> None:
        self._flow = flow
        self._fanout = fanout
        self._outbox = outbox
        self._max_bps = max_bps
        self.refused = 0  # packets beyond what their sources may send
        self._ssrc = random_ssrc()

    def packet(self, studio: Studio, publisher: Publisher, datagram: bytes, now: float) -> None:
        """An encrypted RTP packet of a source. Raises: ValueError."""
        if publisher.receiver is None:
            return
        clear = publisher.receiver.unprotect(datagram)
        packet = rtp.parse(clear)
        publisher.heard(now)
        codec = publisher.codecs.get(packet.payload_type)
        track = publisher.track(codec, packet, clear) if codec is not None else None
        if codec is None or track is None:
            return
        is_new = track.ssrc != packet.ssrc
        track.arrived(packet, now)
        if is_new and track is not publisher.audio:
            studio.choose_layers(now)
        begins = rtp.starts_key_frame(codec, packet.payload)
        limit = self._limit(publisher, track)
        held = limit.holds(track)
        if not limit.takes(track, packet, len(datagram), now, begins=begins):
            self.refused += 1
            track.refused(packet)
            if not held:
                studio.take_off(publisher.name, packet.ssrc)
            return
        if codec is not Codec.OPUS and begins:
            track.wish.met()
            track.size = picture_size.of_key_frame(codec, packet.payload) or track.size
        for programme in studio.programmes.values():
            cues = programme.audio if codec is Codec.OPUS else programme.pictures
            for cue in cues:
                if publisher.name in (cue.wanted, cue.live_peer):
                    taken = cue.take(publisher.name, packet, codec, now)
                    if taken is not None:
                        self._flow.gather(programme, cue, taken, now)

    def _limit(self, publisher: Publisher, track: Track) -> Limit:
        if track is publisher.audio:
            return publisher.sound_limit
        if publisher.picture_limit is None:
            publisher.picture_limit = Limit(PICTURE_FACTOR * self._max_bps)
        return publisher.picture_limit

    def control(self, publisher: Publisher, datagram: bytes, now: float) -> None:
        """Encrypted RTCP of a source. Raises: ValueError."""
        if publisher.receiver is None:
            return
        parts = rtcp.parse(publisher.receiver.unprotect_rtcp(datagram))
        publisher.heard(now)
        for part in parts:
            if isinstance(part, rtcp.SenderReport):
                publisher.read_report(part, now, time.time())

    def ask(self, publisher: Publisher, now: float) -> None:
        """Send what is due of NACK and PLI."""
        for track in publisher.tracks():
            lost = track.gaps.due(now) if track.ssrc else []
            if lost:
                self._tell(publisher, rtcp.nack(self._ssrc, track.ssrc, lost))
        wished = publisher.wished(now)
        if wished:
            self._tell(publisher, b"".join(rtcp.picture_loss(self._ssrc, track.ssrc) for track in wished))

    def report_to(self, publisher: Publisher, now: float) -> None:
        """The receiver report of one second, with the bit rate that the source may use."""
        tracks = [t for t in publisher.tracks() if t.ssrc]
        reports = [r for r in (t.take_report(now) for t in tracks) if r is not None]
        if not reports:
            return
        compound = rtcp.receiver_report(rtcp.ReceiverReport(self._ssrc, tuple(reports)))
        compound += rtcp.source_description(self._ssrc, "relay")
        compound += rtcp.remb(self._ssrc, self._max_bps, [t.ssrc for t in tracks])
        self._tell(publisher, compound, compound=True)

    def _tell(self, publisher: Publisher, packet: bytes, *, compound: bool = False) -> None:
        if publisher.sender is None or publisher.address is None:
            return
        if not compound:  # some stacks want a report first (RFC 3550, 6.1), reduced size or not
            packet = rtcp.receiver_report(rtcp.ReceiverReport(self._ssrc)) + packet
        index = self._fanout.control_index()
        self._outbox.add_sealed(publisher.address, publisher.sender.protect_rtcp, packet, index)
