"""Says who is on air in a programme's slots to those who carry the programme further: workers and relays."""

from collections.abc import Sequence
from typing import Final

from media.cascade import onward
from media.fanout.fanout import Fanout
from media.fanout.slot import Clear
from media.programme.parties import Viewer
from media.programme.programme import Cue, Programme
from media.transport.kernel import Outbox
from media.transport.peer import random_ssrc
from media.wire import onair, rtcp
from media.wire.onair import OnAir

BEAT_S: Final = 0.15  # a relay that hears nothing for half a second looks for another parent


class Herald:
    """Looks when it is told to, and speaks when something changed; to relays also now and then.

    `relay` is our own id, which ends the path that relays are told.
    """

    def __init__(self, relay: str, fanout: Fanout, outbox: Outbox) -> None:
        self._relay = relay
        self._fanout = fanout
        self._outbox = outbox
        self._ssrc = random_ssrc()
        self._beaten_at = float("-inf")

    def pass_on(self, programme: Programme, cue: Cue, packets: Sequence[Clear]) -> None:
        """A frame of a lower rung, to relays."""
        onward.pass_on(self._outbox, programme, cue, packets)

    def look(self, programme: Programme) -> None:
        """Called before every frame that is passed on, and now and then."""
        if programme.look():
            if programme.outlet is not None:
                programme.outlet.tell(programme.air)
            self._tell_relays(programme)

    def repeat(self, programme: Programme) -> None:
        """Once a second to workers: a link that is full loses words."""
        if programme.outlet is not None:
            programme.outlet.tell(programme.air)

    def is_due(self, now: float) -> bool:
        """Whether every programme's relays shall have a sign of life; answering yes counts as having given it."""
        if now - self._beaten_at < BEAT_S:
            return False
        self._beaten_at = now
        return True

    def beat(self, programme: Programme) -> None:
        self.look(programme)
        self._tell_relays(programme)

    def greet(self, programme: Programme, viewer: Viewer) -> None:
        """A relay's keys are agreed: it hears who is on air before anything else."""
        self.look(programme)
        self._tell(programme, viewer)
        self._outbox.flush()

    def _tell_relays(self, programme: Programme) -> None:
        for viewer in programme.relays:
            self._tell(programme, viewer)
        if programme.relays:
            self._outbox.flush()  # ahead of the frame, which the fan-out sends at once

    def _tell(self, programme: Programme, viewer: Viewer) -> None:
        if viewer.sender is None or viewer.address is None:
            return
        air = programme.air
        body = OnAir(air.count, (*air.path, self._relay), air.speakers).encode()
        compound = rtcp.receiver_report(rtcp.ReceiverReport(self._ssrc))
        compound += rtcp.application(self._ssrc, onair.APP_NAME, body)
        index = self._fanout.control_index()
        self._outbox.add_sealed(viewer.address, viewer.sender.protect_rtcp, compound, index)
