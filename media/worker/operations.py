"""What the relay process asks a worker for over their channel, and what it is answered."""

import logging
from collections.abc import Callable
from typing import Any

from media.programme.parties import Publisher, Viewer
from media.programme.studio import TooMany
from media.transport import sealer
from media.transport.channel import Message, WorkerEnd
from media.worker.parts import Parts
from media.worker.roster import Loop, Unknown
from media.worker.telling import Telling

log = logging.getLogger("media.worker")


class Operations:
    """Of one worker, the relay's `index`th."""

    def __init__(self, parts: Parts, channel: WorkerEnd, index: int, telling: Telling) -> None:
        self._parts = parts
        self._channel = channel
        self._index = index
        self._telling = telling
        roster, pulls, faults = parts.roster, parts.pulls, parts.faults
        self._known: dict[str, Callable[..., Message]] = {
            "publish": roster.publish,
            "watch": self._watch,
            "close": roster.close,
            "restart": roster.restart,
            "stage": roster.stage,
            "programme": roster.programme,
            "kick": roster.kick,
            "pull": pulls.open,
            "pull_start": pulls.start,
            "pull_end": pulls.end,
            "pull_stop": pulls.stop,
            "metrics": self._metrics,
            "ping": dict,
        }
        if faults is not None:
            self._known |= {"fault": faults.set, "faults": faults.told, "faults_clear": faults.clear}

    def serve(self) -> None:
        """Do all that was asked for."""
        for message in self._channel.read():
            try:
                self._do(message)
            except Exception:
                self._parts.mishaps.note(f"operation {message.get('do')}")
                fault = {"refused": "unavailable", "detail": "the relay has made a mistake"}
                self._channel.write({"call": message.get("call", 0), **fault})

    def _do(self, message: Message) -> None:
        if message["do"] == "studio":
            self._telling.ask(message["call"], message["studio"])
            return
        arguments = {k: v for k, v in message.items() if k not in ("call", "do")}
        try:
            answer = self._known[message["do"]](**arguments)
        except TooMany as trouble:
            answer = {"refused": "too-many", "detail": str(trouble)}
        except Unknown as trouble:
            answer = {"refused": "not-found", "detail": str(trouble)}
        except Loop as trouble:
            answer = {"refused": "loop", "detail": str(trouble)}
        except OSError as trouble:  # no descriptor or memory left: one's trouble, not the others'
            log.error("%s cannot be done: %s", message["do"], trouble)
            answer = {"refused": "unavailable", "detail": "the relay has no room for it now"}
        self._channel.write({"call": message["call"], **answer})

    def _watch(self, studio: str, programme: str, home: int, **arguments: Any) -> Message:
        """A viewer; `home` is the worker that has the programme."""
        roster, exchange = self._parts.roster, self._parts.exchange
        answer = roster.watch(studio=studio, programme=programme, **arguments)
        if home != self._index and exchange is not None:
            exchange.mirrors.want(roster.studios[studio], programme, home, roster.now)
        return answer

    def _metrics(self) -> Message:
        parts = self._parts
        counts, tally = parts.port.counts, parts.fanout.transmitter.tally
        peers = parts.roster.peers.values()
        return {
            "metrics": {
                "studios": len(parts.roster.studios),
                "publishers": sum(isinstance(p, Publisher) for p in peers),
                "viewers": sum(isinstance(p, Viewer) for p in peers),
                "seated": sum(isinstance(p, Viewer) and p.seat is not None for p in peers),
                "mode": parts.fanout.transmitter.mode.value,
                "received": {
                    k: getattr(counts, k) for k in ("stun", "dtls", "rtp", "rtcp", "unknown", "malformed")
                },
                "sent_packets": tally.packets,
                "send_calls": tally.calls,
                "sealed_in_c": int(sealer.library is not None),
                "send_dropped": tally.dropped + parts.port.outbox.dropped,
                "send_failed": tally.failed,
                "pulls": len(parts.pulls),
                "over_limit": parts.ingest.refused,
                "faults": parts.mishaps.count,
                **self._linked(),
                **(parts.streams.figures() if parts.streams else {}),
            }
        }

    def _linked(self) -> dict[str, int]:
        exchange = self._parts.exchange
        if exchange is None:
            return {}
        return {
            "mirrored": len(exchange.mirrors),
            "passed_on": exchange.given,
            "link_dropped": exchange.door.dropped,
        }
