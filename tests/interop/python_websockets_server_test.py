"""mote's client against servers of Debian's python3-websockets, which run in the test and command interop_client."""

import asyncio
import base64
import contextlib
import http
import logging
import pathlib
import ssl
import sys
import tempfile
import unittest

import websockets
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import harness
from python_websockets_test import expect_many_in_order, soon

UNICODE = "grüße, 世界 \U0001f30d \U0010ffff end"
# Of clients that refuse the certificate, or end as a test wants it.
for name in ("asyncio", "websockets.server"):
    logging.getLogger(name).setLevel(logging.CRITICAL)

OPTIONS = {"close_timeout": harness.PATIENCE_SECONDS, "ping_interval": None, "compression": None}


async def echo(server_side):
    async for message in server_side:
        await server_side.send(message)


class ServerTest(harness.Certificates, harness.Programs, unittest.IsolatedAsyncioTestCase):
    @contextlib.asynccontextmanager
    async def serving(self, talk=echo, certificate=None, **options):
        """The URL of a server that has `talk` with each client; over TLS with that certificate. What `talk` throws, an
        assertion of the test that failed in it, is thrown at the end."""
        context, faults = None, []
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.identity(certificate))

        async def run(server_side):
            try:
                await talk(server_side)
            except websockets.ConnectionClosed:
                raise
            except BaseException as fault:
                faults.append(fault)
                raise

        async with websockets.serve(run, "127.0.0.1", 0, ssl=context, **{**OPTIONS, **options}) as server:
            scheme = "wss" if certificate else "ws"
            yield f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        if faults:
            raise faults[0]

    async def run_client(self, *arguments, name="interop_client"):
        """Exit code, lines of output and standard error of a client that ends by itself."""
        client = self.start_client(name, *arguments)
        code = await asyncio.to_thread(client.ended)
        return code, client.lines, client.log()

    async def ask(self, server_side, message):
        """The client's answer to `message`, which may be a list of fragments."""
        sending = asyncio.create_task(server_side.send(message))
        answer = await soon(server_side.recv())
        await soon(sending)
        return answer

    async def ask_for_everything(self, server_side):
        mebibyte = 1024 * 1024
        for message in ("hello", UNICODE, "", b"", b"\x00\xff\x80", "x" * 125, "x" * 126, "x" * 65535, b"y" * 65536,
                        "ü" * (mebibyte // 2), bytes(range(256)) * (mebibyte // 256), ["one ", "", "two ", "three"],
                        [b"\x01", b"", b"\x02"], [b"f"] * 10_000, "hello"):
            joined = type(message[0])().join(message) if isinstance(message, list) else message
            self.assertEqual(await self.ask(server_side, message), joined)
        await server_side.send(f"big {mebibyte}")
        self.assertEqual(await soon(server_side.recv()), "b" * mebibyte)


class Messages(ServerTest):
    async def test_text_and_binary_of_every_size_pass_both_ways(self):
        for certificate in (None, "server", "server-rsa"):
            async with self.serving(self.ask_for_everything, certificate) as url:
                code, lines, errors = await self.run_client("--ca", self.root, url)
            self.assertEqual((code, lines, errors), (0, ["open ", "closed 1000 clean peer "], ""))

    async def test_pings_pass_both_ways(self):
        async def talk(server_side):
            for payload in (b"", b"payload", b"p" * 125):
                await soon(await server_side.ping(payload))

            async def fragments():
                yield "before "
                await soon(await server_side.ping(b"inside"))
                yield "after"

            self.assertEqual(await self.ask(server_side, fragments()), "before after")
            await server_side.send("ping are you there?")
            self.assertEqual(await self.ask(server_side, "behind its pong"), "behind its pong")

        for certificate in (None, "server"):
            async with self.serving(talk, certificate) as url:
                code, lines, _ = await self.run_client("--ca", self.root, url)
            self.assertEqual((code, lines), (0, ["open ", "ping ", "ping payload", "ping " + "p" * 125, "ping inside",
                                                 "pong are you there?", "closed 1000 clean peer "]))

    async def test_the_order_of_many_messages_is_kept(self):
        async def talk(server_side):
            await expect_many_in_order(self, server_side)

        async with self.serving(talk) as url:
            code, _, _ = await self.run_client(url)
        self.assertEqual(code, 0)

    async def test_what_is_larger_than_the_limit_is_1009(self):
        async def talk(server_side):
            await server_side.send("x" * (1024 * 1024 + 1))
            await soon(server_side.wait_closed())
            self.assertEqual(server_side.close_code, 1009)

        async with self.serving(talk) as url:
            code, lines, _ = await self.run_client(url)
        self.assertEqual((code, lines[0], lines[1].split(":")[0][:11]), (1, "open ", "error limit"))


class Deflate(ServerTest):
    async def talk(self, server_side):
        for message in ("hello", UNICODE, "", "", b"", "x" * 511, "x" * 100_000, b"\x00\xff" * 50_000, "",
                        ["one ", "", "two" * 1000, ""], "ü" * 400_000, "x" * 100_000, "hello"):
            joined = "".join(message) if isinstance(message, list) else message
            self.assertEqual(await self.ask(server_side, message), joined)

    async def run_with(self, mode, bits=15, certificate=None, **parameters):
        """What of permessage-deflate the server has chosen."""
        chosen = []

        async def talk(server_side):
            chosen.append(server_side.response_headers.get("Sec-WebSocket-Extensions", ""))
            await self.talk(server_side)

        factory = ServerPerMessageDeflateFactory(**parameters)
        async with self.serving(talk, certificate, extensions=[factory]) as url:
            code, lines, errors = await self.run_client("--ca", self.root, "--deflate", mode, "--window-bits",
                                                        str(bits), url)
        self.assertEqual((code, lines[-1]), (0, "closed 1000 clean peer "), errors)
        return chosen[0]

    async def test_without_context_takeover(self):
        neither = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        for certificate in (None, "server"):
            self.assertEqual(await self.run_with("on", certificate=certificate), neither)

    async def test_with_context_takeover(self):
        for certificate in (None, "server"):
            self.assertEqual(await self.run_with("takeover", certificate=certificate), "permessage-deflate")
        self.assertEqual(await self.run_with("takeover", server_no_context_takeover=True),
                         "permessage-deflate; server_no_context_takeover")
        self.assertEqual(await self.run_with("takeover", client_no_context_takeover=True),
                         "permessage-deflate; client_no_context_takeover")

    async def test_in_small_windows(self):
        for bits in (9, 10, 14):
            self.assertEqual(await self.run_with("takeover", bits),
                             f"permessage-deflate; server_max_window_bits={bits}; client_max_window_bits={bits}")
        self.assertEqual(
            await self.run_with("takeover", 15, server_max_window_bits=9, client_max_window_bits=9),
            "permessage-deflate; server_max_window_bits=9; client_max_window_bits=9")

    async def test_a_server_may_decline_it(self):
        async def talk(server_side):
            self.assertNotIn("Sec-WebSocket-Extensions", server_side.response_headers)
            await self.talk(server_side)

        async with self.serving(talk) as url:
            code, _, _ = await self.run_client("--deflate", "on", url)
        self.assertEqual(code, 0)


class ClosingHandshake(ServerTest):
    async def test_the_servers_code_and_reason_are_told_and_answered(self):
        for certificate in (None, "server"):
            for closing in ((1000, ""), (1013, "try later"), (4001, "auf Wiedersehen, grüße"), (3000, "r" * 123)):
                async def talk(server_side):
                    await server_side.close(*closing)
                    self.assertEqual(server_side.close_rcvd.code, closing[0])

                async with self.serving(talk, certificate) as url:
                    code, lines, _ = await self.run_client("--ca", self.root, url)
                self.assertEqual((code, lines[-1]), (0, f"closed {closing[0]} clean peer {closing[1]}"))

    async def test_the_clients_code_and_reason_reach_the_server(self):
        for certificate in (None, "server"):
            for code, reason in ((1000, ""), (4001, "auf Wiedersehen, grüße"), (3000, "r" * 123)):
                async def talk(server_side):
                    await server_side.send(f"close {code} {reason}")
                    await soon(server_side.wait_closed())
                    self.assertEqual((server_side.close_code, server_side.close_reason), (code, reason))

                async with self.serving(talk, certificate) as url:
                    _, lines, _ = await self.run_client("--ca", self.root, url)
                self.assertRegex(lines[-1], f"^closed {code} clean local ")

    async def test_an_abort_ends_without_a_close_frame(self):
        async def talk(server_side):
            await server_side.send("abort")
            await soon(server_side.wait_closed())
            self.assertEqual(server_side.close_code, 1006)

        for certificate in (None, "server"):
            async with self.serving(talk, certificate) as url:
                code, lines, _ = await self.run_client("--ca", self.root, url)
            self.assertEqual((code, lines[-1]), (1, "closed 1006 unclean local "))

    async def test_a_server_that_vanishes_is_an_unclean_end(self):
        async def talk(server_side):
            server_side.transport.abort()

        for certificate in (None, "server"):
            async with self.serving(talk, certificate) as url:
                code, lines, _ = await self.run_client("--ca", self.root, url)
            self.assertEqual(code, 1)
            self.assertRegex(lines[-1], "^closed 1006 unclean transport ")

    async def test_an_exception_in_a_callback_is_1011(self):
        async def talk(server_side):
            await server_side.send("throw")
            await soon(server_side.wait_closed())
            self.assertEqual((server_side.close_code, server_side.close_reason), (1011, ""))

        async with self.serving(talk) as url:
            _, lines, _ = await self.run_client(url)
        self.assertIn("error callback as the peer wished", lines[1])


class OpeningHandshake(ServerTest):
    async def test_the_servers_choice_of_subprotocol_is_told(self):
        for offered, spoken, chosen in ((["chat.v1"], ["chat.v1"], "chat.v1"), (["a", "b"], ["b", "c"], "b"),
                                        (["a"], ["b"], ""), ([], ["b"], "")):
            async with self.serving(subprotocols=spoken) as url:
                options = [word for name in offered for word in ("--subprotocol", name)]
                code, lines, _ = await self.run_client(*options, "--text", "hello", url)
            self.assertEqual((code, lines), (0, [f"open {chosen}", "text hello", "closed by the client"]))

    async def test_the_server_sees_the_request_and_the_client_the_response(self):
        async def talk(server_side):
            headers = server_side.request_headers
            self.assertEqual(server_side.path, "/room/7?name=J%C3%BCrgen&x=1")
            self.assertEqual(headers["X-Test"], "yes and no")
            self.assertEqual(headers["Host"], f"127.0.0.1:{server_side.local_address[1]}")
            self.assertNotIn("Origin", headers)
            self.assertEqual(len(base64.b64decode(headers["Sec-WebSocket-Key"])), 16)
            info = (await self.ask(server_side, "info")).split("\n")
            self.assertIn("header X-Server: python", info)
            self.assertIn("path /room/7?name=J%C3%BCrgen&x=1", info)

        async with self.serving(talk, extra_headers=[("X-Server", "python")]) as url:
            code, _, _ = await self.run_client("--header", "X-Test yes and no", url + "/room/7?name=J%C3%BCrgen&x=1")
        self.assertEqual(code, 0)

    async def test_a_redirect_is_told_with_its_location_and_not_followed(self):
        async def redirect(path, _):
            return http.HTTPStatus.FOUND, [("Location", "wss://other.example/new")], b"moved\n"

        async with self.serving(process_request=redirect) as url:
            code, lines, _ = await self.run_client(url)
        host = url.removeprefix("ws://")
        self.assertEqual(code, 1)
        self.assertEqual(lines[0], f"error handshake {host} answered 302 Found in place of 101")
        self.assertIn("response 302 Found", lines)
        self.assertIn("field Location: wss://other.example/new", lines)
        self.assertEqual(lines[-1], "closed 1006 unclean handshake ")

    async def test_basic_authentication_is_asked_for_and_given(self):
        protect = websockets.basic_auth_protocol_factory(realm="mote", credentials=("ann", "secret"))
        async with self.serving(create_protocol=protect) as url:
            code, lines, _ = await self.run_client(url)
            self.assertEqual(code, 1)
            self.assertIn("response 401 Unauthorized", lines)
            self.assertIn('field WWW-Authenticate: Basic realm="mote", charset="UTF-8"', lines)
            words = base64.b64encode(b"ann:secret").decode()
            code, lines, _ = await self.run_client("--header", f"Authorization Basic {words}", "--text", "in", url)
            self.assertEqual((code, lines[1]), (0, "text in"))

    async def test_nobody_there_is_an_error_with_host_and_reason(self):
        async with self.serving() as url:
            pass
        code, lines, _ = await self.run_client(url)
        self.assertEqual(code, 1)
        self.assertTrue(lines[0].startswith("error connect "), lines)
        self.assertIn(url.removeprefix("ws://").replace("/", ""), lines[0])
        self.assertIn("Connection refused", lines[0])


class Certificate(ServerTest):
    async def fault(self, url, *options):
        """The error of a client that does not connect."""
        code, lines, _ = await self.run_client("--ca", self.root, *options, url)
        self.assertEqual((code, lines[-1], len(lines)), (1, "closed 1006 unclean handshake ", 2))
        return lines[0]

    async def test_one_that_does_not_verify_is_an_error_with_host_and_reason(self):
        for certificate, reason in (("foreign", "unable to get local issuer certificate"),
                                    ("expired", "certificate has expired"),
                                    ("not-yet-valid", "certificate is not yet valid"),
                                    ("other-name", "IP address mismatch")):
            async with self.serving(certificate=certificate) as url:
                self.assertEqual(await self.fault(url),
                                 f"error tls TLS with 127.0.0.1 failed: certificate verify failed: {reason}")

    async def test_the_name_that_is_expected_may_be_another_than_the_hosts(self):
        async with self.serving(certificate="other-name") as url:
            code, lines, _ = await self.run_client("--ca", self.root, "--server-name", "other.example", "--text", "in",
                                                   url)
            self.assertEqual((code, lines[1]), (0, "text in"))
        async with self.serving(certificate="server") as url:
            self.assertEqual(await self.fault(url, "--server-name", "other.example"),
                             "error tls TLS with other.example failed: certificate verify failed: hostname mismatch")

    async def test_without_the_root_of_the_test_it_is_not_trusted(self):
        async with self.serving(certificate="server") as url:
            _, lines, _ = await self.run_client(url)
        self.assertEqual(lines[0], "error tls TLS with 127.0.0.1 failed: certificate verify failed: "
                                   "unable to get local issuer certificate")

    async def test_tls_with_a_plain_server_and_the_reverse_are_errors(self):
        async with self.serving() as url:
            self.assertRegex(await self.fault(url.replace("ws:", "wss:")), "^error tls TLS with 127.0.0.1 failed: ")
        async with self.serving(certificate="server") as url:
            self.assertRegex(await self.fault(url.replace("wss:", "ws:")), "^error (handshake|transport) ")

    async def test_a_client_shows_its_own_where_it_is_asked_for(self):
        def asking():
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.identity())
            context.load_verify_locations(self.root)
            context.verify_mode = ssl.CERT_REQUIRED
            return context

        async def talk(server_side):
            subject = server_side.transport.get_extra_info("peercert")["subject"]
            await server_side.send(" ".join(value for ((_, value),) in subject))
            await soon(server_side.wait_closed())

        def own(name):
            chain, key = self.identity(name)
            return "--certificate", chain, "--key", key

        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = asking()
            context.minimum_version = context.maximum_version = version
            async with websockets.serve(talk, "127.0.0.1", 0, ssl=context, **OPTIONS) as server:
                url = f"wss://127.0.0.1:{server.sockets[0].getsockname()[1]}"
                code, lines, _ = await self.run_client("--ca", self.root, *own("client"), "--answers", "1", url)
                self.assertEqual(code, 0, lines)
                self.assertEqual(set(lines[1].split()), {"text", "tester", "mote"})
                for wrong in ((), own("client-foreign"), own("client-expired")):
                    # asyncio drops the connection together with the alert.
                    self.assertRegex(await self.fault(url, *wrong), "^error (tls|transport) ")


class UnixSocket(ServerTest):
    async def test_the_file_may_be_in_the_url_or_beside_it(self):
        async def talk(server_side):
            await server_side.send(server_side.path)
            await echo(server_side)

        with tempfile.TemporaryDirectory(prefix="mote-unix-") as folder:
            file = f"{folder}/socket"
            async with websockets.unix_serve(talk, file, **OPTIONS):
                code, lines, _ = await self.run_client("--text", "hello", "--answers", "2", f"ws+unix://{file}")
                self.assertEqual((code, lines[1:3]), (0, ["text /", "text hello"]))
                code, lines, _ = await self.run_client("--unix", file, "--text", "hello", "--answers", "2",
                                                       "ws://test.example/room")
                self.assertEqual((code, lines[1:3]), (0, ["text /room", "text hello"]))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.identity())
            async with websockets.unix_serve(talk, file, ssl=context, **OPTIONS):
                code, lines, _ = await self.run_client("--unix", file, "--ca", self.root, "--answers", "1",
                                                       "wss://test.example/room")
                self.assertEqual((code, lines[1]), (0, "text /room"))


class Example(ServerTest):
    """The example `client`, as a person types into it."""

    async def test_lines_go_out_and_answers_are_printed(self):
        for certificate in (None, "server"):
            async with self.serving(certificate=certificate, subprotocols=["chat"]) as url:
                client = self.start_client("client", "--ca", self.root, "--subprotocol", "chat", url)
                await asyncio.to_thread(client.wait_for_line, "^< open chat$")
                for line in ("hello", UNICODE):
                    client.type(line)
                    await asyncio.to_thread(client.wait_for_line, f"^{line}$")
                client.end_input()  # not before: this server answers the ping at the end ahead of what it still echoes
                self.assertEqual(await asyncio.to_thread(client.ended), 0)
                self.assertEqual(client.lines, ["< open chat", "hello", UNICODE, "< close 1000 "])
                self.assertEqual(client.log(), "")

    async def test_a_fault_is_told_with_the_host(self):
        async with self.serving(certificate="expired") as url:
            code, lines, errors = await self.run_client("--ca", self.root, url, name="client")
        self.assertEqual((code, lines), (1, ["< close 1006 "]))
        self.assertIn("client: TLS with 127.0.0.1 failed: certificate verify failed: certificate has expired\n", errors)


if __name__ == "__main__":
    harness.main()
