"""The bridges of my organisation and the codes they join with."""

from __future__ import annotations

from rooms.ids import BridgeId
from server.api.call import Call
from server.api.layer import Body
from server.api.schemas import Bridge, BridgeChange, BridgeList, CodeLink, NewBridge
from server.store import accounts as kept


async def list_bridges(call: Call) -> BridgeList:
    """Bridges of my organisation."""
    return BridgeList(tuple(_bridge(b) for b in await call.house.directory.bridges(call.actor)))


async def add_bridge(call: Call, body: Body[NewBridge]) -> Bridge:
    """Add a bridge."""
    return _bridge(await call.house.directory.add_bridge(call.actor, **body.model_dump()))


async def change_bridge(call: Call, bridge_id: BridgeId, body: Body[BridgeChange]) -> Bridge:
    """Change a bridge; what is not given stays."""
    given = body.model_dump(exclude_unset=True)
    return _bridge(await call.house.directory.change_bridge(call.actor, bridge_id, given))


async def make_join_code(call: Call, bridge_id: BridgeId) -> CodeLink:
    """Make a join code for a bridge; the one before no longer works."""
    made = await call.house.directory.make_join_code(call.actor, bridge_id)
    return CodeLink(made.code, made.url, made.expires_at)


def _bridge(b: kept.Bridge) -> Bridge:
    return Bridge(b.id, b.code, b.name, b.parent, b.phone, b.capacity, b.active)
