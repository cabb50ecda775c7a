"""A slow wire: bytes between a client and a server that take as long as over a distance.

What a distance costs is charged as it happens, to whoever causes it: one round trip for TCP, one
or more for TLS, one for each request, and the same again for a second connection.
"""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread


class Wire:
    """Listens on `host`, and leads each connection to `port`, a round trip of `rtt_s` away."""

    def __init__(self, host: str, port: int, rtt_s: float) -> None:
        self._far = host, port
        self._rtt_s = rtt_s
        self._listener = socket.create_server((host, 0), backlog=128)
        self.port = int(self._listener.getsockname()[1])
        Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            near, _ = self._listener.accept()
            # On loopback a connection is there at once; over the wire it takes one round trip,
            # which the first bytes of the client wait for here.
            open_at = time.monotonic() + self._rtt_s
            far = socket.create_connection(self._far)
            for source, target, not_before in ((near, far, open_at), (far, near, 0.0)):
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                Thread(target=self._carry, args=(source, target, not_before), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, not_before: float) -> None:
        under_way: SimpleQueue[tuple[float, bytes]] = SimpleQueue()
        Thread(target=_deliver, args=(under_way, target), daemon=True).start()
        data = b"some"
        while data:
            data = b""  # what a reset connection has to say: the end
            with suppress(OSError):
                data = source.recv(2**16)
            under_way.put((max(time.monotonic(), not_before) + self._rtt_s / 2, data))


def _deliver(under_way: SimpleQueue[tuple[float, bytes]], target: socket.socket) -> None:
    while True:
        due, data = under_way.get()
        time.sleep(max(0.0, due - time.monotonic()))
        with suppress(OSError):
            if data:
                target.sendall(data)
            else:
                target.shutdown(socket.SHUT_WR)
        if not data:
            return
