"""Our AES-GCM transform against the RFC's vectors and against libsrtp."""

import struct

import pylibsrtp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pylibsrtp import Policy, Session

from media.transport import srtp
from media.wire import rtcp, rtp

MASTER = bytes(range(28))


def libsrtp(profile: srtp.Profile, master: bytes) -> Session:
    policy = Policy(master, Policy.SSRC_ANY_OUTBOUND, 0, profile.libsrtp)
    policy.allow_repeat_tx = True
    return Session(policy)


def test_the_standards_own_packet() -> None:
    # RFC 7714, 16.1.1: AEAD_AES_128_GCM, session key and salt as given there.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key = bytes.fromhex("000102030405060708090a0b0c0d0e0f")
    salt = bytes.fromhex("517569642070726f2071756f")
    packet = bytes.fromhex(
        "8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573"
    )
    sealed = bytes.fromhex(
        "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833"
        "899d7f27beb16a9152cf765ee4390cce"
    )
    sender = srtp.GcmSender(MASTER)
    sender.encrypt_rtp, sender.rtp_salt = AESGCM(key).encrypt_into, salt
    assert sender.protect(packet[:12], packet[12:], 0) == sealed


def test_the_standards_key_derivation() -> None:
    # RFC 3711, B.3.
    key = bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE4139")
    salt = bytes.fromhex("0EC675AD498AFEEBB6960B3AABE6")
    assert srtp.derive(key, salt, 0, 16).hex() == "c61e7a93744f39ee10734afe3ff7a087"
    assert srtp.derive(key, salt, 2, 14).hex() == "30cbbc08863d8c85d49db34a9ae1"


@given(
    master=st.binary(min_size=28, max_size=28),
    first=st.integers(0, 0xFFFF),
    steps=st.lists(st.integers(1, 2000), min_size=1, max_size=60),
    payload=st.binary(min_size=0, max_size=1200),
)
def test_we_seal_what_libsrtp_seals(master: bytes, first: int, steps: list[int], payload: bytes) -> None:
    ours, theirs = srtp.GcmSender(master), libsrtp(srtp.GCM, master)
    sequence = first
    for step in [0, *steps]:
        sequence += step
        packet = rtp.build(rtp.Packet(96, False, sequence & 0xFFFF, sequence, 0xDECAFBAD, payload))
        assert ours.protect(packet[:12], packet[12:], sequence >> 16) == theirs.protect(packet)


@given(st.binary(min_size=28, max_size=28), st.integers(1, 20))
def test_we_seal_rtcp_as_libsrtp_does(master: bytes, count: int) -> None:
    ours, theirs = srtp.GcmSender(master), libsrtp(srtp.GCM, master)
    packet = rtcp.receiver_report(rtcp.ReceiverReport(3)) + rtcp.source_description(3, "a name")
    for _ in range(count):
        expected = theirs.protect_rtcp(packet)
        index = struct.unpack("!I", expected[-4:])[0] & 0x7FFFFFFF
        assert ours.protect_rtcp(packet, index) == expected


@pytest.mark.parametrize("profile", srtp.PROFILES, ids=lambda p: p.name)
def test_forged_and_repeated_packets_are_refused(profile: srtp.Profile) -> None:
    master = bytes(range(profile.key_size + profile.salt_size))
    sender, receiver = srtp.sender(profile, master), srtp.Receiver(profile, master)
    clear = rtp.build(rtp.Packet(96, True, 5, 6, 7, b"hello"))
    sealed = sender.protect(clear[:12], clear[12:], 0)
    forged = sealed[:-1] + bytes([sealed[-1] ^ 1])
    with pytest.raises(ValueError):
        receiver.unprotect(forged)
    assert receiver.unprotect(sealed) == clear
    with pytest.raises(ValueError):
        receiver.unprotect(sealed)
    report = rtcp.receiver_report(rtcp.ReceiverReport(3))
    sealed = sender.protect_rtcp(report, 1)
    with pytest.raises(ValueError):
        receiver.unprotect_rtcp(sealed[:-6] + bytes(6))
    assert receiver.unprotect_rtcp(sealed) == report


@given(st.binary(max_size=1600))
def test_nothing_that_comes_in_breaks_the_receiver(hostile: bytes) -> None:
    receiver = srtp.Receiver(srtp.GCM, MASTER)
    for read in (receiver.unprotect, receiver.unprotect_rtcp):
        with pytest.raises(ValueError):
            read(hostile)


def sealed(sender: srtp.Sender, ssrc: int, number: int) -> tuple[bytes, bytes]:
    """A packet of RTP and one of RTCP."""
    clear = rtp.build(rtp.Packet(96, True, number & 0xFFFF, 6, ssrc, b"hello"))
    report = rtcp.receiver_report(rtcp.ReceiverReport(ssrc))
    return sender.protect(clear[:12], clear[12:], number >> 16), sender.protect_rtcp(report, number)


def knows(receiver: srtp.Receiver, ssrc: int) -> bool:
    """Whether libsrtp keeps a stream for it; if so, no longer."""
    try:
        receiver._session.remove_stream(ssrc)
    except pylibsrtp.Error:
        return False
    return True


@pytest.mark.parametrize("profile", srtp.PROFILES, ids=lambda p: p.name)
@pytest.mark.parametrize("kind", ["RTP", "RTCP"])
def test_a_peer_of_many_ssrcs_is_given_a_bounded_number(profile: srtp.Profile, kind: str) -> None:
    master = bytes(range(profile.key_size + profile.salt_size))
    sender, receiver = srtp.sender(profile, master), srtp.Receiver(profile, master)
    for ssrc in range(1000, 1500):
        packet, report = sealed(sender, ssrc, 1)
        assert receiver.unprotect(packet) if kind == "RTP" else receiver.unprotect_rtcp(report)
    newest = range(1500 - srtp.MAX_STREAMS, 1500)
    assert [ssrc for ssrc in range(1000, 1500) if knows(receiver, ssrc)] == list(newest)


def test_a_stream_that_is_heard_all_the_time_keeps_its_count() -> None:
    """A sound that goes on while its peer's picture begins again and again: its numbers have turned, once it is
    forgotten nothing of it could be opened."""
    sender, receiver = srtp.GcmSender(MASTER), srtp.Receiver(srtp.GCM, MASTER)
    for ssrc in range(1000, 1000 + 5 * srtp.MAX_STREAMS):
        sound, _ = sealed(sender, 7, 0xFFF0 + ssrc - 1000)
        assert receiver.unprotect(sound)
        assert receiver.unprotect(sealed(sender, ssrc, 1)[0])
    with pytest.raises(ValueError):
        receiver.unprotect(sound)


def test_what_is_forged_pushes_nobody_out() -> None:
    sender, receiver = srtp.GcmSender(MASTER), srtp.Receiver(srtp.GCM, MASTER)
    reads, forger = (receiver.unprotect, receiver.unprotect_rtcp), srtp.GcmSender(bytes(28))
    packet, report = sealed(sender, 7, 1)
    receiver.unprotect(packet)
    receiver.unprotect_rtcp(report)
    for ssrc in range(1000, 1000 + 2 * srtp.MAX_STREAMS):
        forged = sealed(forger, ssrc, 1)
        for read, datagram in zip(reads, forged, strict=True):
            with pytest.raises(ValueError):
                read(datagram)
    for read, again in zip(reads, (packet, report), strict=True):
        with pytest.raises(ValueError):  # it is still known
            read(again)


def test_keying_material_is_cut_as_the_standard_says() -> None:
    keys = srtp.split_material(srtp.GCM, bytes(range(56)))
    assert keys.client == bytes(range(16)) + bytes(range(32, 44))
    assert keys.server == bytes(range(16, 32)) + bytes(range(44, 56))
