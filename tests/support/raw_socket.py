"""A WebSocket client of a few lines, for tests that need every byte, or a thousand clients, in their own hands."""

import os
import socket
import struct

from harness import PATIENCE_SECONDS

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def client_frame(opcode, payload=b""):
    """A whole frame, masked with a random key."""
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | size)
    elif size < 0x10000:
        head = struct.pack("!BBH", 0x80 | opcode, 0xFE, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 0xFF, size)
    key = os.urandom(4)
    pattern = (key * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(pattern, "big")
    return head + key + masked.to_bytes(size, "big")


class RawSocket:
    """A blocking socket; `upgrade` makes it a WebSocket connection."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""

    @classmethod
    def upgraded(cls, port, target="/"):
        raw = cls(port)
        raw.send(
            f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        head = raw.read_head()
        if not head.startswith(b"HTTP/1.1 101 "):
            raise AssertionError(f"refused: {head}")
        return raw

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def receive_more(self):
        """Waits for more bytes; answers whether the peer goes on."""
        more = self.socket.recv(0x40000)
        self._received += more
        return bool(more)

    def read_head(self):
        while b"\r\n\r\n" not in self._received:
            if not self.receive_more():
                raise AssertionError(f"the connection ended in the response head: {self._received}")
        head, self._received = self._received.split(b"\r\n\r\n", 1)
        return head

    def buffered_frame(self):
        """(opcode, payload) of the next frame, or None where it is not complete yet."""
        data = self._received
        if len(data) < 2:
            return None
        head, size = 2, data[1]
        if size >= 126:
            head = 4 if size == 126 else 10
            if len(data) < head:
                return None
            size = int.from_bytes(data[2:head], "big")
        if len(data) < head + size:
            return None
        self._received = data[head + size:]
        return data[0] & 0x0F, data[head:head + size]

    def read_frame(self):
        """(opcode, payload), or None at the end of the connection."""
        while not (frame := self.buffered_frame()):
            if not self.receive_more():
                return None
        return frame

    def read_close_code(self):
        """The code of the next Close frame; None where the connection ends without one."""
        while frame := self.read_frame():
            opcode, payload = frame
            if opcode == CLOSE:
                return int.from_bytes(payload[:2], "big") if payload else 1005
        return None
