"""How much of a sound is lost between us and those who hear it, told to its source.

An Opus encoder adds in-band FEC (RFC 6716, 2.1.7) only for the loss that is reported to it. Its reports are ours,
who lose next to nothing, while viewers on bad lines do. So the share lost (RFC 3550, 6.4.1) of the report on a
sound is raised to theirs, and nothing else in it: libwebrtc hands that share to the encoder
(ChannelSend::OnReportBlockDataUpdated), and estimates the bandwidth by the differences of the cumulative counts
(RtpTransportControllerSend::OnReport), which stay what they are. Plain values; shares are of 1.
"""

from collections.abc import Sequence
from typing import Final

from media.programme.programme import Programme
from media.programme.studio import Studio

MOST: Final = 0.2  # libwebrtc's encoder takes no more into account
SERVED: Final = 0.9


def borne(losses: Sequence[float]) -> float:
    """What nine viewers of ten lose at most: the few worst lines must not make speech worse for all."""
    if not losses:
        return 0.0
    return min(MOST, sorted(losses)[min(len(losses) - 1, int(len(losses) * SERVED))])


def lost_beyond(programme: Programme) -> float:
    """What is lost on the way to who watches a programme: here, and where relays and other workers carry it."""
    viewers = [viewer for several in programme.viewers.values() for viewer in several if not viewer.is_relay]
    own = borne([viewer.quality.loss for viewer in viewers if viewer.quality.loss is not None])
    told = [] if programme.outlet is None else list(programme.outlet.told.values())
    return max([own, *told, *(relay.lost_beyond for relay in programme.relays)])


def tell(studio: Studio, programme: Programme) -> None:
    """Once a second: those who are heard learn it with their next report."""
    programme.lost_beyond = lost_beyond(programme)
    for cue in programme.audio:
        source = studio.source(cue.live_peer)
        for track in source.tracks() if source is not None else ():
            if cue.live is not None and track.ssrc == cue.live[1]:
                track.lost_beyond = max(track.lost_beyond, programme.lost_beyond)  # it may be in two programmes
