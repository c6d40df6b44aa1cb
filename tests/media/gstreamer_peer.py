"""A WHIP or WHEP client of GStreamer's webrtcbin: libnice, its own RTP and DTLS, nothing of ours.

Run by the system's Python, which has GStreamer's bindings: `gstreamer_peer.py publish-vp8|publish-h264|watch URL`,
the token in the environment (TOKEN), and `udp` or `tcp` (ONLY) for candidates of one kind. Says what happens in
lines of JSON.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

TONE = "audiotestsrc is-live=true freq=440 volume=0.5 ! opusenc ! rtpopuspay pt=111"
RED = "videotestsrc is-live=true pattern=red ! video/x-raw,format=I420,width=320,height=180,framerate=20/1"
VP8 = "vp8enc deadline=1 target-bitrate=400000 ! rtpvp8pay pt=96 picture-id-mode=15-bit"
H264 = "openh264enc bitrate=400000 ! h264parse config-interval=-1 ! rtph264pay pt=102 aggregate-mode=zero-latency"
SOURCES = {"publish-vp8": (f"{RED} ! {VP8}", TONE), "publish-h264": (f"{RED} ! {H264}", TONE)}
CAPS = "application/x-rtp,media={},encoding-name={},payload={},clock-rate={}"
RECEIVED = (("video", "VP8", 96, 90_000), ("audio", "OPUS", 111, 48_000))


def tell(**facts: Any) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def kept(answer: bytes) -> bytes:
    """The answer with only those candidates that this run is about."""
    only = os.environ.get("ONLY", "")
    lines = answer.decode().split("\r\n")
    return "\r\n".join(ln for ln in lines if not (only and "candidate:" in ln and f" {only} " not in ln)).encode()


class Peer:
    """One session, from the offer to the end of the process."""

    def __init__(self, task: str, url: str, token: str) -> None:
        self.url, self.token = url, token
        self.frames = 0
        self.pipeline = Gst.Pipeline()
        self.bin = Gst.ElementFactory.make("webrtcbin", "peer")
        self.bin.set_property("bundle-policy", "max-bundle")
        # By itself libnice goes round loopback, where the tests live.
        self.agent = self.bin.get_property("ice-agent")  # kept: the binding's reference is the only one
        self.agent.emit("add-local-ip-address", "127.0.0.1")
        self.pipeline.add(self.bin)
        for number, source in enumerate(SOURCES.get(task, ())):
            sending = Gst.parse_bin_from_description(source, True)
            self.pipeline.add(sending)
            sending.get_static_pad("src").link(self.bin.request_pad_simple(f"sink_{number}"))
        if task == "watch":
            for kind, name, number, clock in RECEIVED:
                direction = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
                caps = Gst.Caps.from_string(CAPS.format(kind, name, number, clock))
                self.bin.emit("add-transceiver", direction, caps)
        self.bin.connect("on-negotiation-needed", self.offer)
        self.bin.connect("notify::connection-state", self.changed)
        self.bin.connect("pad-added", self.receive)
        self.pipeline.get_bus().add_signal_watch()
        self.pipeline.get_bus().connect("message::error", self.failed)
        self.pipeline.set_state(Gst.State.PLAYING)

    def failed(self, _: Any, message: Any) -> None:
        error, more = message.parse_error()
        tell(error=f"{error.message}: {more}")

    def changed(self, *_: Any) -> None:
        tell(state=self.bin.get_property("connection-state").value_nick)

    def offer(self, _: Any) -> None:
        self.bin.emit("create-offer", None, Gst.Promise.new_with_change_func(self.offered, None, None))

    def offered(self, promise: Any, *_: Any) -> None:
        reply = promise.get_reply()  # owns the offer
        offer = reply.get_value("offer")
        text = offer.sdp.as_text().encode()
        self.bin.emit("set-local-description", offer, Gst.Promise.new())
        headers = {"Content-Type": "application/sdp", "Authorization": f"Bearer {self.token}"}
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url, text, headers)) as response:
                tell(status=response.status, location=response.headers["Location"])
                answer = kept(response.read())
        except urllib.error.HTTPError as error:
            tell(status=error.code, error=error.read().decode(), offer=text.decode())
            return
        _, described = GstSdp.SDPMessage.new()
        GstSdp.sdp_message_parse_buffer(answer, described)
        kind = GstWebRTC.WebRTCSDPType.ANSWER
        promise = Gst.Promise.new_with_change_func(self.answered, None, None)
        self.bin.emit("set-remote-description", GstWebRTC.WebRTCSessionDescription.new(kind, described), promise)

    def answered(self, promise: Any, *_: Any) -> None:
        reply = promise.get_reply()
        if reply is not None and reply.has_field("error"):
            tell(error=reply.get_value("error").message)

    def receive(self, _: Any, pad: Any) -> None:
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        if pad.get_current_caps().get_structure(0).get_string("media") == "video":
            words = "rtpvp8depay ! vp8dec ! videoconvert ! video/x-raw,format=I420 ! appsink name=out"
        else:
            words = (
                "rtpopusdepay ! opusdec ! audioconvert ! audio/x-raw,format=S16LE,channels=1 ! appsink name=out"
            )
        chain = Gst.parse_bin_from_description(f"{words} emit-signals=true sync=false", True)
        chain.get_by_name("out").connect("new-sample", self.see if "vp8" in words else self.hear)
        self.pipeline.add(chain)
        chain.sync_state_with_parent()
        pad.link(chain.get_static_pad("sink"))

    def see(self, sink: Any) -> Any:
        sample = sink.emit("pull-sample")
        shape = sample.get_caps().get_structure(0)
        width, height = shape.get_value("width"), shape.get_value("height")
        buffer = sample.get_buffer()
        picture = buffer.extract_dup(0, buffer.get_size())
        self.frames += 1
        luma, chroma = width * height, width * height // 4
        middle = [
            luma // 2 + width // 2,
            luma + chroma // 2 + width // 4,
            luma + chroma + chroma // 2 + width // 4,
        ]
        tell(frames=self.frames, colour=[picture[at] for at in middle])
        return Gst.FlowReturn.OK

    def hear(self, sink: Any) -> Any:
        buffer = sink.emit("pull-sample").get_buffer()
        samples = memoryview(buffer.extract_dup(0, buffer.get_size())).cast("h")
        tell(loudness=max(map(abs, samples), default=0))
        return Gst.FlowReturn.OK


if __name__ == "__main__":
    Gst.init(None)
    peer = Peer(*sys.argv[1:3], os.environ["TOKEN"])
    GLib.MainLoop().run()
