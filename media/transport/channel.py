"""The line between the HTTP process and a worker: JSON messages with a length before each, over a socket pair."""

import asyncio
import json
import socket
import struct
from typing import Any, Final

MAX_MESSAGE: Final = 16 << 20
Message = dict[str, Any]


def encode(message: Message) -> bytes:
    body = json.dumps(message, separators=(",", ":")).encode()
    return struct.pack("!I", len(body)) + body


class WorkerEnd:
    """The worker's side: never blocks the packet loop."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.closed = False
        self._input = bytearray()
        self._output = bytearray()

    @property
    def has_output(self) -> bool:
        return bool(self._output)

    def read(self) -> list[Message]:
        """The messages that came; sets `closed` when the other side is gone."""
        try:
            chunk = self.sock.recv(1 << 18)
        except BlockingIOError:
            return []
        except ConnectionError:
            chunk = b""
        if not chunk:
            self.closed = True
            return []
        self._input += chunk
        messages = []
        while len(self._input) >= 4:
            size = int.from_bytes(self._input[:4], "big")
            if len(self._input) < 4 + size:
                break
            messages.append(json.loads(self._input[4 : 4 + size]))
            del self._input[: 4 + size]
        return messages

    def write(self, message: Message) -> None:
        self._output += encode(message)
        self.flush()

    def write_ready(self, body: bytes) -> None:
        """A message that is JSON already."""
        self._output += struct.pack("!I", len(body)) + body
        self.flush()

    def flush(self) -> None:
        try:
            while self._output:
                sent = self.sock.send(self._output)
                del self._output[:sent]
        except BlockingIOError:
            return
        except ConnectionError:
            self.closed = True


class RelayEnd:
    """The HTTP process's side: calls with answers, and news that nobody asked for."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._calls: dict[int, asyncio.Future[Message]] = {}
        self._last = 0
        self.news: asyncio.Queue[Message] = asyncio.Queue(4096)

    async def call(self, operation: str, timeout_s: float = 10.0, **arguments: Any) -> Message:
        """The worker's answer. Raises: ConnectionError when the worker is gone, TimeoutError."""
        self._last += 1
        number = self._last
        future = asyncio.get_running_loop().create_future()
        self._calls[number] = future
        try:
            self._writer.write(encode({"call": number, "do": operation, **arguments}))
            async with asyncio.timeout(timeout_s):
                await self._writer.drain()
                answer: Message = await future
                return answer
        finally:
            del self._calls[number]

    async def pump(self) -> None:
        """Read until the worker is gone; then every waiting call fails."""
        try:
            while True:
                size = int.from_bytes(await self._reader.readexactly(4), "big")
                if size > MAX_MESSAGE:
                    raise ConnectionError("message from the worker is too large")
                message: Message = json.loads(await self._reader.readexactly(size))
                future = self._calls.get(message.get("call", 0))
                if future is not None and not future.done():
                    future.set_result(message)
                elif "news" in message and not self.news.full():
                    self.news.put_nowait(message)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            for future in self._calls.values():
                if not future.done():
                    future.set_exception(ConnectionError("the worker is gone"))
            self._writer.close()
