"""mote's client through proxies of a few lines, CONNECT (RFC 9110 §9.3.6) and SOCKS5 (RFC 1928).

The servers behind are those of python3-websockets. The proxies know the name test.example, which no resolver knows.
"""

import asyncio
import base64
import contextlib
import pathlib
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import harness
from python_websockets_server_test import ServerTest

NAMES = {"test.example": "127.0.0.1", "127.0.0.1": "127.0.0.1"}


async def pump(reader, writer):
    """Passes on what comes until its end."""
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(0x10000):
            writer.write(data)
            await writer.drain()
    writer.close()


class Proxy:
    """Lets through who says `user`, "NAME:PASSWORD" or None for everybody; `asked_for` has each "HOST:PORT"."""

    def __init__(self, user=None):
        self.user = user
        self.asked_for = []

    @contextlib.asynccontextmanager
    async def running(self):
        """Its port."""
        tasks = set()

        async def serve(reader, writer):
            tasks.add(asyncio.current_task())
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self.serve(reader, writer)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            await asyncio.wait_for(asyncio.gather(*tasks), harness.PATIENCE_SECONDS)

    async def reach(self, host, port):
        """The streams of the server; OSError where there is none."""
        self.asked_for.append(f"{host}:{port}")
        return await asyncio.open_connection(NAMES[host], port)

    async def relay(self, client, server):
        await asyncio.gather(pump(client[0], server[1]), pump(server[0], client[1]))


class ConnectProxy(Proxy):
    scheme = "http"

    async def serve(self, reader, writer):
        request, *fields = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").split("\r\n")
        if self.user and f"Proxy-Authorization: Basic {base64.b64encode(self.user.encode()).decode()}" not in fields:
            return writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                                b"Proxy-Authenticate: Basic realm=mote\r\nContent-Length: 0\r\n\r\n")
        method, target, version = request.split(" ")
        host, port = target.rsplit(":", 1)
        if (method, version) != ("CONNECT", "HTTP/1.1") or f"Host: {target}" not in fields:
            return writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        try:
            server = await self.reach(host, int(port))
        except OSError:
            return writer.write(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
        writer.write(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 test\r\n\r\n")
        await self.relay((reader, writer), server)


class Socks5Proxy(Proxy):
    scheme = "socks5"
    NO_AUTHENTICATION, PASSWORD, NONE = 0, 2, 0xFF
    IPV4, NAME = 1, 3
    GRANTED, CONNECTION_REFUSED = 0, 5

    async def serve(self, reader, writer):
        _, count = await reader.readexactly(2)
        wanted = self.PASSWORD if self.user else self.NO_AUTHENTICATION
        offered = await reader.readexactly(count)
        writer.write(bytes([5, wanted if wanted in offered else self.NONE]))
        if wanted not in offered or (self.user and not await self.authenticate(reader, writer)):
            return
        try:
            server = await self.reach(*await self.read_request(reader))
        except OSError:
            return writer.write(self.reply(self.CONNECTION_REFUSED))
        writer.write(self.reply(self.GRANTED))
        await self.relay((reader, writer), server)

    async def authenticate(self, reader, writer):
        """RFC 1929."""
        words = []
        await reader.readexactly(1)
        for _ in ("user", "password"):
            size, = await reader.readexactly(1)
            words.append((await reader.readexactly(size)).decode())
        right = ":".join(words) == self.user
        writer.write(bytes([1, 0 if right else 1]))
        return right

    async def read_request(self, reader):
        """Host and port."""
        _, _, _, kind = await reader.readexactly(4)
        if kind == self.IPV4:
            host = ".".join(str(byte) for byte in await reader.readexactly(4))
        else:
            size, = await reader.readexactly(1)
            host = (await reader.readexactly(size)).decode()
        return host, *struct.unpack("!H", await reader.readexactly(2))

    def reply(self, code):
        return bytes([5, code, 0, self.IPV4, 127, 0, 0, 1, 0, 0])


class Proxies(ServerTest):
    async def through(self, proxy, url, user="", *options):
        """Exit code and lines of output of a client."""
        async with proxy.running() as port:
            address = f"{proxy.scheme}://{user and user + '@'}127.0.0.1:{port}"
            code, lines, _ = await self.run_client("--proxy", address, "--ca", self.root, *options, url)
        return code, lines

    async def test_both_kinds_lead_to_servers_without_and_with_tls(self):
        for kind in (ConnectProxy, Socks5Proxy):
            for certificate in (None, "server"):
                for host in ("127.0.0.1", "test.example"):
                    proxy = kind()
                    async with self.serving(self.ask_for_everything, certificate) as url:
                        code, lines = await self.through(proxy, url.replace("127.0.0.1", host))
                    self.assertEqual((code, lines), (0, ["open ", "closed 1000 clean peer "]))
                    self.assertEqual(proxy.asked_for, [f"{host}:{url.rsplit(':', 1)[1]}"])

    async def test_with_user_and_password(self):
        for kind in (ConnectProxy, Socks5Proxy):
            for certificate in (None, "server"):
                async with self.serving(certificate=certificate) as url:
                    code, lines = await self.through(kind("ann:pass word"), url, "ann:pass%20word", "--text", "in")
                self.assertEqual((code, lines), (0, ["open ", "text in", "closed by the client"]))

    async def test_a_wrong_password_or_none_is_an_error_that_blames_the_proxy(self):
        async with self.serving() as url:
            for kind, user, reason in ((ConnectProxy, "ann:wrong", "407"), (ConnectProxy, "", "407"),
                                       (Socks5Proxy, "ann:wrong", "password"), (Socks5Proxy, "", "authentication")):
                proxy = kind("ann:secret")
                code, lines = await self.through(proxy, url, user)
                self.assertEqual((code, lines[-1]), (1, "closed 1006 unclean handshake "))
                self.assertRegex(lines[0], rf"^error connect .*proxy.*{reason}", (kind, user))
                self.assertEqual(proxy.asked_for, [])

    async def test_a_server_that_the_proxy_does_not_reach_is_an_error_that_blames_the_proxy(self):
        async with self.serving() as url:
            pass  # nobody listens there any more
        for kind, reason in ((ConnectProxy, "502"), (Socks5Proxy, "refused")):
            code, lines = await self.through(kind(), url)
            self.assertEqual((code, lines[-1]), (1, "closed 1006 unclean handshake "))
            self.assertRegex(lines[0], f"^error connect .*proxy.*{reason}")

    async def test_a_proxy_that_is_not_there_is_an_error_with_its_address(self):
        async with self.serving() as url, ConnectProxy().running() as port:
            pass
        for scheme in ("http", "socks5"):
            code, lines, _ = await self.run_client("--proxy", f"{scheme}://127.0.0.1:{port}", url)
            self.assertEqual(code, 1)
            self.assertRegex(lines[0], f"^error connect .*127.0.0.1:{port}.*Connection refused")

    async def test_a_certificate_is_verified_behind_a_proxy_too(self):
        for kind in (ConnectProxy, Socks5Proxy):
            async with self.serving(certificate="other-name") as url:
                code, lines = await self.through(kind(), url.replace("127.0.0.1", "test.example"))
            self.assertEqual(code, 1)
            self.assertEqual(lines[0],
                             "error tls TLS with test.example failed: certificate verify failed: hostname mismatch")


if __name__ == "__main__":
    harness.main()
