"""Debian's python3-websockets against mote. It offers permessage-deflate, which is declined unless it is wanted."""

import asyncio
import pathlib
import sys
import unittest

import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import harness

UNICODE = "grüße, 世界 \U0001f30d \U0010ffff \u0000 end"


def connect(url, **options):
    options = {"open_timeout": harness.PATIENCE_SECONDS, "close_timeout": harness.PATIENCE_SECONDS, **options}
    return websockets.connect(url, **options)


async def soon(awaitable):
    return await asyncio.wait_for(awaitable, harness.PATIENCE_SECONDS)


async def expect_many_in_order(test, peer):
    """Sends many messages while it receives their echoes."""
    messages = [f"{number} " + "x" * (number * 7 % 3000) for number in range(2000)]

    async def send_all():
        for message in messages:
            await peer.send(message)

    sending = asyncio.create_task(send_all())
    test.assertEqual([await soon(peer.recv()) for _ in messages], messages)
    await sending


class ClientTest(harness.Programs, unittest.IsolatedAsyncioTestCase):
    async def echo(self, client, message):
        """The answer to `message`, which may be a list of fragments."""
        sending = asyncio.create_task(client.send(message))
        answer = await soon(client.recv())
        await soon(sending)
        return answer

    async def expect_echoes_at_once(self, count, connect_one):
        """So many clients are open together, and each has its messages back."""
        all_open = asyncio.Barrier(count)

        async def talk(number):
            async with connect_one() as client:
                await soon(all_open.wait())
                for turn in range(10):
                    message = f"{turn} of {number}"
                    self.assertEqual(await self.echo(client, message), message)

        await asyncio.gather(*(talk(number) for number in range(count)))

    async def expect_close(self, client, code, reason):
        """The server closes with these, and the client has answered."""
        with self.assertRaises(websockets.ConnectionClosed):
            await soon(client.recv())
        self.assertEqual((client.close_code, client.close_reason), (code, reason))
        await soon(client.wait_closed())


class CompressedEchoServer(ClientTest):
    async def echo_all(self, url, answer, **parameters):
        factory = ClientPerMessageDeflateFactory(**parameters)
        async with connect(url, compression=None, extensions=[factory]) as client:
            self.assertEqual(client.response_headers["Sec-WebSocket-Extensions"], answer)
            for message in ("hello", UNICODE, "", "", b"", "x" * 511, "x" * 100_000, b"\x00\xff" * 50_000, "",
                            ["one ", "", "two" * 1000, ""], "ü" * 400_000, "x" * 100_000, "hello"):
                expected = "".join(message) if isinstance(message, list) else message
                self.assertEqual(await self.echo(client, message), expected)

    async def test_without_context_takeover(self):  # checklist 99, 100, 101
        url = self.start("echo_server", "ws://127.0.0.1:0", "--deflate", "on").url()
        neither = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        await self.echo_all(url, neither)
        await self.echo_all(url, neither + "; server_max_window_bits=9", server_max_window_bits=9)
        await self.echo_all(url, neither + "; client_max_window_bits=9", client_max_window_bits=9)

    async def test_with_context_takeover(self):  # checklist 102, 103, 104, 105
        url = self.start("echo_server", "ws://127.0.0.1:0", "--deflate", "takeover").url()
        await self.echo_all(url, "permessage-deflate")
        await self.echo_all(url, "permessage-deflate; server_no_context_takeover", server_no_context_takeover=True)
        await self.echo_all(url, "permessage-deflate; client_no_context_takeover", client_no_context_takeover=True)
        for bits in range(9, 16):  # 8 is not among them: zlib cannot compress with it
            names_client = f"; client_max_window_bits={bits}" if bits < 15 else ""
            await self.echo_all(url, f"permessage-deflate; server_max_window_bits={bits}{names_client}",
                                server_max_window_bits=bits, client_max_window_bits=bits)


class EchoServer(ClientTest):
    async def test_echoes_text_as_text_and_binary_as_binary(self):
        server = self.start("echo_server", "ws://127.0.0.1:0")
        async with connect(server.url()) as client:
            self.assertEqual(client.extensions, [])
            mebibyte = 1024 * 1024
            for message in ("hello", UNICODE, "", b"", b"\x00\xff\x80", "x" * 125, "x" * 126, "x" * 65535, b"y" * 65536,
                            "ü" * (mebibyte // 2), bytes(range(256)) * (mebibyte // 256)):
                self.assertEqual(await self.echo(client, message), message)

    async def test_joins_fragments(self):  # checklist 72, 75
        server = self.start("echo_server", "ws://127.0.0.1:0")
        async with connect(server.url()) as client:
            self.assertEqual(await self.echo(client, ["one ", "", "two ", "three"]), "one two three")
            self.assertEqual(await self.echo(client, [b"\x01", b"", b"\x02"]), b"\x01\x02")
            self.assertEqual(await self.echo(client, ["", ""]), "")

    async def test_joins_as_many_fragments_as_autobahn_sends(self):
        server = self.start("echo_server", "ws://127.0.0.1:0")
        async with connect(server.url()) as client:
            self.assertEqual(await self.echo(client, [b"f"] * 65536), b"f" * 65536)

    async def test_answers_pings_between_fragments_too(self):  # checklist 73, 77
        server = self.start("echo_server", "ws://127.0.0.1:0")
        async with connect(server.url()) as client:
            for payload in (b"", b"payload", b"p" * 125):
                await soon(await client.ping(payload))

            async def fragments():
                yield "before "
                await soon(await client.ping(b"inside"))
                yield "after"

            self.assertEqual(await self.echo(client, fragments()), "before after")

    async def test_pings_a_quiet_client_whose_pongs_keep_the_connection(self):
        pings = asyncio.Queue()

        class Client(websockets.WebSocketClientProtocol):
            async def pong(self, data=b""):
                await super().pong(data)
                pings.put_nowait(data)

        server = self.start("echo_server", "ws://127.0.0.1:0", "--ping-interval", "0.1")
        async with connect(server.url(), create_protocol=Client, ping_interval=None) as client:
            for _ in range(3):
                await soon(pings.get())
            self.assertEqual(await self.echo(client, "still here"), "still here")

    async def test_keeps_the_order_of_pipelined_messages(self):
        server = self.start("echo_server", "ws://127.0.0.1:0")
        async with connect(server.url()) as client:
            await expect_many_in_order(self, client)

    async def test_serves_a_hundred_clients_at_once(self):
        server = self.start("echo_server", "ws://127.0.0.1:0")
        await self.expect_echoes_at_once(100, lambda: connect(server.url()))

    async def test_closes_with_1009_what_is_larger_than_the_limit(self):
        server = self.start("echo_server", "ws://127.0.0.1:0", "--max-message", "1000")
        async with connect(server.url()) as client:
            self.assertEqual(await self.echo(client, "x" * 1000), "x" * 1000)
            await client.send("x" * 1001)
            await self.expect_close(client, 1009, "message is larger than the limit (RFC 6455 10.4)")
        async with connect(server.url()) as client:
            await client.send(["x" * 600, "x" * 401])
            await self.expect_close(client, 1009, "message is larger than the limit (RFC 6455 10.4)")


class ClosingHandshake(ClientTest):
    async def test_echoes_the_clients_code(self):  # checklist 87
        server = self.start("interop_server", "ws://127.0.0.1:0")
        for code, reason in ((1000, ""), (1001, "going"), (3000, "grüße"), (4999, "r" * 123)):
            seen = len(server.lines)
            async with connect(server.url()) as client:
                await client.close(code, reason)
                self.assertEqual(client.close_code, code)
            server.wait_for_line(f"^closed {code} clean peer {reason}$", begin=seen)

    async def test_answers_a_close_without_a_code(self):
        server = self.start("interop_server", "ws://127.0.0.1:0")
        async with connect(server.url()) as client:
            await client.write_close_frame(websockets.frames.Close(1005, ""), b"")
            await self.expect_close(client, 1005, "")
        server.wait_for_line("^closed 1005 clean peer $")

    async def test_reports_a_client_that_vanishes(self):  # checklist 94
        server = self.start("interop_server", "ws://127.0.0.1:0")
        async with connect(server.url()) as client:
            client.transport.abort()
        server.wait_for_line("^closed 1006 unclean transport $")

    async def test_the_server_closes_with_a_code_and_a_reason(self):
        server = self.start("interop_server", "ws://127.0.0.1:0")
        for code, reason in ((1000, ""), (1013, "try later"), (4001, "auf Wiedersehen, grüße"), (3000, "r" * 123)):
            seen = len(server.lines)
            async with connect(server.url()) as client:
                await client.send(f"close {code} {reason}")
                await self.expect_close(client, code, reason)
            server.wait_for_line(f"^closed {code} clean local", begin=seen)

    async def test_an_exception_in_a_callback_closes_with_1011_and_tells_nothing(self):
        server = self.start("interop_server", "ws://127.0.0.1:0")
        async with connect(server.url()) as client:
            await client.send("throw")
            await self.expect_close(client, 1011, "")
        async with connect(server.url()) as client:
            self.assertEqual(await self.echo(client, "others go on"), "others go on")
        self.assertIn("as the peer wished", server.log())

    async def test_abort_ends_without_a_close_frame(self):
        server = self.start("interop_server", "ws://127.0.0.1:0")
        async with connect(server.url()) as client:
            await client.send("abort")
            await self.expect_close(client, 1006, "")
        server.wait_for_line("^closed 1006 unclean local $")


class OpeningHandshake(ClientTest):
    async def test_the_server_sees_path_headers_and_cookies(self):
        server = self.start("interop_server", "ws://127.0.0.1:0")
        headers = [("Cookie", "session=abc; theme=dark"), ("X-Twice", "one"), ("X-Twice", "two")]
        url = server.url("/room/7?name=J%C3%BCrgen&x=1")
        origin = "https://example.org"
        async with connect(url, extra_headers=headers, origin=origin, user_agent_header="test/1") as client:
            lines = (await self.echo(client, "info")).split("\n")
            port = client.local_address[1]
        for line in ("path /room/7?name=J%C3%BCrgen&x=1", f"host 127.0.0.1:{server.port}", "origin https://example.org",
                     "cookie session=abc", "cookie theme=dark", "header User-Agent: test/1", "ip 127.0.0.1",
                     f"port {port}"):
            self.assertIn(line, lines)
        self.assertEqual([line for line in lines if "X-Twice" in line], ["header X-Twice: one", "header X-Twice: two"])

    async def test_the_client_sees_the_headers_that_the_server_adds(self):
        server = self.start("interop_server", "ws://127.0.0.1:0")
        async with connect(server.url()) as client:
            self.assertEqual(client.response_headers["Set-Cookie"], "seen=yes; Path=/")
            self.assertEqual(client.response_headers["X-Server"], "mote")

    async def test_the_first_subprotocol_of_the_client_that_the_server_speaks_is_chosen(self):
        server = self.start("interop_server", "ws://127.0.0.1:0")
        for offered, chosen in ((["chat.v1"], "chat.v1"), (["chat.v1", "chat.v2"], "chat.v1"),
                                (["no", "chat.v2"], "chat.v2"), (["Chat.V1"], None), (None, None)):
            async with connect(server.url(), subprotocols=offered) as client:
                self.assertEqual(client.subprotocol, chosen, offered)
                self.assertIn(f"subprotocol {chosen or ''}", (await self.echo(client, "info")).split("\n"))

    async def test_a_refusal_is_an_http_status(self):
        server = self.start("interop_server", "ws://127.0.0.1:0")
        with self.assertRaises(websockets.InvalidStatusCode) as refused:
            async with connect(server.url("/forbidden")):
                self.fail("was accepted")
        self.assertEqual(refused.exception.status_code, 403)

    async def test_another_path_than_the_servers_is_not_found(self):
        server = self.start("echo_server", "ws://127.0.0.1:0/echo")
        async with connect(server.url("/echo?query=1")) as client:
            self.assertEqual(await self.echo(client, "here"), "here")
        with self.assertRaises(websockets.InvalidStatusCode) as refused:
            async with connect(server.url("/other")):
                self.fail("was accepted")
        self.assertEqual(refused.exception.status_code, 404)


class ServerPings(ClientTest):
    async def test_the_server_gets_the_pong_to_its_ping_and_the_clients_pings(self):
        server = self.start("interop_server", "ws://127.0.0.1:0")
        async with connect(server.url()) as client:
            await client.send("ping are you there?")
            await asyncio.to_thread(server.wait_for_line, r"^pong are you there\?$")
            await soon(await client.ping(b"and you?"))
            await asyncio.to_thread(server.wait_for_line, r"^ping and you\?$")
            await client.pong(b"unasked")
            await asyncio.to_thread(server.wait_for_line, "^pong unasked$")


if __name__ == "__main__":
    harness.main()
