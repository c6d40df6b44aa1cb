"""What a worker is made of."""

from dataclasses import dataclass

from media.cascade.exchange import Exchange
from media.cascade.flow import Flow
from media.cascade.herald import Herald
from media.cascade.pulls import Pulls
from media.fanout.fanout import Fanout
from media.transport.dtls import Desk
from media.transport.inlet import Inlets
from media.transport.mishaps import Mishaps
from media.transport.port import Port
from media.transport.streams import Streams
from media.worker.audience import Audience
from media.worker.faults import Faults
from media.worker.ingest import Ingest
from media.worker.roster import Roster


@dataclass(frozen=True, slots=True)
class Parts:
    """All owned by the packet loop's thread; only the desk has one of its own."""

    port: Port
    desk: Desk
    fanout: Fanout
    herald: Herald
    flow: Flow
    ingest: Ingest
    audience: Audience
    roster: Roster
    inlets: Inlets
    pulls: Pulls
    mishaps: Mishaps
    exchange: Exchange | None  # with the other workers, where there are any
    streams: Streams | None  # those who came over TCP, where that is open
    faults: Faults | None  # in test mode
