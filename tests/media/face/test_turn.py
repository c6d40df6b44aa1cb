"""Sites whose firewall lets nothing through but a TURN server: real coturn, with the credentials that we make."""

from collections.abc import Iterator
from typing import Any

import pytest
from aiortc import RTCPeerConnection

from tests.media import browser
from tests.media.browser import Reports, decoded, energy, open_page, until, way
from tests.media.coturn import Coturn, running_coturn
from tests.media.peers import RED, Source, Watcher, peer_connection
from tests.media.running import RunningRelay


@pytest.fixture(scope="session")
def coturn() -> Iterator[Coturn]:
    with running_coturn() as running:
        yield running


def local_kind(connection: RTCPeerConnection) -> str:
    """Of the candidate that aiortc sends from."""
    transport = connection.getTransceivers()[0].receiver.transport.transport
    pairs = transport._connection._nominated.values()
    (kind,) = {pair.local_candidate.type for pair in pairs}
    return str(kind)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_both_ways_through_a_turn_server(
    relay: RunningRelay, coturn: Coturn, cast: list[Any], transport: str
) -> None:
    servers = coturn.servers(transport)
    source = Source(relay, "commune", peer_connection(servers, relay_only=True))
    viewer = Watcher(relay, "tv", connection=peer_connection(servers, relay_only=True))
    cast += [source, viewer]
    await relay.stage("commune", "commune")
    await source.start(RED, 440)
    await viewer.start()
    await viewer.until(lambda v: v.sees(RED) and v.hears(0))
    assert local_kind(source.connection) == local_kind(viewer.connection) == "relay"


@pytest.mark.parametrize("wrong", ["credential", "username"])
async def test_nobody_relays_with_words_of_his_own(
    relay: RunningRelay, coturn: Coturn, cast: list[Any], wrong: str
) -> None:
    (server,) = coturn.servers("udp")
    stranger = peer_connection([server | {wrong: "1999999999:me"}], relay_only=True)
    cast.append(stranger)
    stranger.addTransceiver("video", direction="recvonly")
    # aiortc goes on without the server; what counts is that it got no address there.
    await stranger.setLocalDescription(await stranger.createOffer())
    assert " typ relay" not in stranger.localDescription.sdp


@pytest.mark.browser
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_chromium_through_a_turn_server(relay: RunningRelay, coturn: Coturn, transport: str) -> None:
    config = {"iceServers": coturn.servers(transport), "iceTransportPolicy": "relay"}
    await relay.stage("camera", "camera")
    async with open_page() as page:
        await browser.publish(relay, page, "camera", config)
        await browser.watch(relay, page, "tv", config)
        seen = await until(page, "sub", lambda r: decoded(r) > 20 and energy(r) > 0)
        _went_by_relay(seen, transport)
        _went_by_relay(await until(page, "pub", bool), transport)


def _went_by_relay(reports: Reports, transport: str) -> None:
    ours, _ = way(reports)
    assert ours["candidateType"] == "relay"
    assert ours["relayProtocol"] == transport
