"""The composition root: everything is made here, once, in this order, and ends in the opposite one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from aiohttp import web
from uuid_utils.compat import uuid7

from media.client import Relay, RelayClient
from rooms.service import Meetings
from server.accounts import Entrance
from server.api.call import make_call
from server.api.layer import add_routes
from server.api.middleware import harden, observe
from server.api.problems import problems
from server.api.proxy import add_proxy
from server.api.recordings import player_cookie
from server.api.routes import OPERATIONS
from server.api.session import session_cookie
from server.api.site import add_site
from server.conference import centre_region
from server.house import HOUSE, House
from server.limits import Limiter
from server.metrics import Metrics
from server.minutes_desk import MinutesDesk
from server.papers.blobs import Blobs, FolderBlobs
from server.papers.desk import PaperDesk
from server.papers.office import Office
from server.passwords import Passwords
from server.people import Directory
from server.relay import RelayProcess
from server.settings import Settings
from server.store import SqlStore, upgrade
from server.tasks import Supervisor
from server.tokens import Tokens
from signaling.hub import Hub, HubSettings
from signaling.places import OwnPlaces, SharedPlaces
from signaling.pool import RelayPool, nowhere
from signaling.relays import RedisRelays, Relays, StaticRelays

JSON_MAX = 1024 * 1024
FORGET_EVERY_S = 3600.0


def utc_now() -> datetime:
    return datetime.now(UTC)


def make_app(
    settings: Settings,
    relay: Relay | None = None,
    own_relay: RelayProcess | None = None,
    *,
    now: Callable[[], datetime] = utc_now,
    new_id: Callable[[], UUID] = uuid7,
) -> web.Application:
    """Nothing runs yet. `own_relay`: when it was started before, to win the time of our imports."""
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    store = SqlStore.at(settings.database)
    blobs = blobs_of(settings)
    relay = relay or relays_of(settings, own_relay, partial(centre_region, store))
    limiter = Limiter(settings.redis_url, settings.rate_scale)
    passwords = Passwords()
    tokens = Tokens(settings.signing_key(), settings.access_ttl_s)
    entrance = Entrance(store, tokens, passwords, limiter, settings, now, new_id)
    hub_settings = HubSettings(settings.redis_url, origins_of(settings), settings.redis_prefix)
    hub = Hub(store, entrance.signed_in, relay if settings.with_relay else None, hub_settings)
    meetings = Meetings(store, hub.doorbell, now, new_id)
    house = House(
        settings=settings,
        store=store,
        blobs=blobs,
        hub=hub,
        relay=relay,
        own_relay=own_relay,
        meetings=meetings,
        entrance=entrance,
        directory=Directory(store, entrance, passwords, hub, settings, now, new_id),
        papers=PaperDesk(
            meetings,
            blobs,
            Office(settings.soffice, settings.data / "office"),
            settings.upload_max_mb,
            now,
            new_id,
        ),
        minutes=MinutesDesk(store, blobs, hub.doorbell, settings, now, new_id),
        limiter=limiter,
        passwords=passwords,
        metrics=Metrics(),
        now=now,
    )
    app = web.Application(middlewares=[observe, session_cookie, player_cookie, problems], client_max_size=JSON_MAX)
    app[HOUSE] = house
    app.on_response_prepare.append(harden)
    app.cleanup_ctx.append(_live)
    hub.attach(app)
    add_routes(app, OPERATIONS, make_call)
    add_proxy(app)
    add_site(app)
    return app


def relays_of(
    settings: Settings,
    own_relay: RelayProcess | None = None,
    region_of: Callable[[str], Coroutine[Any, Any, str]] = nowhere,
) -> Relay:
    """Those that are listed or announce themselves; else the one of our own, or none."""
    key, prefix = settings.media_secret(), settings.redis_prefix
    if own_relay is not None:
        return RelayPool(own_relay, OwnPlaces(), key)
    if settings.relay_registry:
        assert settings.redis_url is not None
        relays: Relays = RedisRelays(settings.redis_url, key, prefix)
    elif settings.relay_addresses:
        relays = StaticRelays(settings.relay_addresses)
    else:
        return RelayClient("", key)
    places = SharedPlaces(settings.redis_url, prefix) if settings.redis_url else OwnPlaces()
    return RelayPool(relays, places, key, above=settings.edge_above, region_of=region_of)


def origins_of(settings: Settings) -> tuple[str, ...]:
    """Whose pages may connect beside those of the name that was asked for: a proxy may not keep it."""
    told = urlsplit(settings.public_url)
    return (f"{told.scheme}://{told.netloc}",) if told.netloc else ()


def blobs_of(settings: Settings) -> Blobs:
    """A folder, or a store for several servers with the folder as its cache."""
    folder = FolderBlobs(settings.data / "blobs")
    if not settings.blobs_url:
        return folder
    from server.papers.s3 import Keys, Place, S3Blobs

    assert settings.s3_access_key is not None
    assert settings.s3_secret_key is not None
    keys = Keys(settings.s3_access_key.get_secret_value(), settings.s3_secret_key.get_secret_value())
    return S3Blobs(Place.read(settings.blobs_url), keys, folder, settings.blobs_cache_mb * 1024 * 1024)


async def _live(app: web.Application) -> AsyncIterator[None]:
    house = app[HOUSE]
    await upgrade(house.settings.database)
    await house.blobs.open()
    supervisor = Supervisor()

    async def forget() -> None:
        await house.store.forget_old(house.now())

    supervisor.every("forget", FORGET_EVERY_S, forget)
    if isinstance(house.relay, RelayPool):
        house.relay.start()
    yield
    await supervisor.stop()
    await house.relay.aclose()
    await house.blobs.close()
    house.passwords.close()
    await house.store.close()
