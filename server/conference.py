"""What an actor may send and receive in a conference, as tokens for the relay; and the wall."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from rooms.ids import BridgeId, MeetingId
from rooms.roles import Actor, Right
from server.api.schemas import IceServer, MediaAccess, Quality, Rendition, Wall, WallBridge
from server.settings import MEDIA_PATH
from signaling import call as calls
from signaling.turn import TurnSettings, ice_servers

if TYPE_CHECKING:
    from server.house import House
    from server.store import SqlStore

TOKEN_TTL_S = 600


async def access(house: House, actor: Actor, meeting_id: MeetingId) -> MediaAccess:
    """Raises: NotFound; Forbidden."""
    async with house.store.begin(write=False) as tx:
        meeting = await tx.meeting(meeting_id)
    seat = await house.meetings.seat(actor, meeting_id)
    seat.require(Right.WATCH)
    grants = calls.grants(meeting, seat)
    if house.hub.call is not None:
        await house.hub.call.keep(meeting_id)
    region = await _region(house, actor) if house.relay.regional else ""
    studio, peer, now = calls.studio(meeting_id), calls.peer(actor), house.now()

    def token(scope: str, programme: str | None = None) -> str:
        return house.relay.token(scope, studio, peer, programme, ttl_s=TOKEN_TTL_S, region=region)

    def whep(programme: str) -> str:
        return f"{MEDIA_PATH}/whep/{studio}/{programme}"

    return MediaAccess(
        whip_url=f"{MEDIA_PATH}/whip/{studio}" if grants.publish else None,
        whep_url=whep(calls.MAIN),
        preview_whep_url=whep(calls.PREVIEW) if grants.preview else None,
        publish_token=token("publish") if grants.publish else None,
        watch_token=token("watch", calls.MAIN),
        preview_token=token("watch", calls.PREVIEW) if grants.preview else None,
        ice_servers=tuple(
            IceServer(s.urls, s.username, s.credential) for s in ice_servers(_turn(house), peer, now)
        ),
        expires_at=now + timedelta(seconds=TOKEN_TTL_S),
    )


async def _region(house: House, actor: Actor) -> str:
    return await _unit_above(house.store, actor.bridge_id) if actor.bridge_id is not None else ""


async def centre_region(store: SqlStore, studio: str) -> str:
    """Near to which unit a meeting's conference should live; "" when nothing says so. Raises: SQLAlchemyError."""
    try:
        meeting_id = MeetingId(UUID(studio))
    except ValueError:
        return ""  # no meeting's: a rehearsal's
    async with store.begin(write=False) as tx:
        centre = calls.centre(await tx.bridges(meeting_id))
    return await _unit_above(store, centre) if centre is not None else ""


async def _unit_above(store: SqlStore, bridge_id: BridgeId) -> str:
    """A relay may have declared itself near to it."""
    async with store.accounts(write=False) as accounts:
        return (await accounts.bridge(bridge_id)).parent


def _turn(house: House) -> TurnSettings:
    urls = tuple(filter(None, house.settings.turn_urls.split(",")))
    secret = house.settings.turn_secret
    return TurnSettings(urls, secret.get_secret_value() if secret else "")


async def wall(house: House, actor: Actor, meeting_id: MeetingId) -> Wall:
    """Raises: NotFound; Forbidden."""
    (await house.meetings.seat(actor, meeting_id)).require(Right.SEE_BRIDGES)
    return Wall(
        tuple(
            WallBridge(
                BridgeId(link.bridge_id),
                link.online,
                link.publishing,
                Quality(link.quality),
                link.loss,
                link.jitter_ms,
                link.rtt_ms,
                Rendition(link.rendition) if link.rendition else None,
            )
            for link in await house.hub.wall(meeting_id)
        )
    )
