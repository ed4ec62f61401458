"""Debian's python3-websockets against mote over TLS; it verifies the certificate by the root of the test."""

import asyncio
import pathlib
import ssl
import sys
import unittest

import websockets

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import harness
from python_websockets_test import UNICODE, ClientTest, connect, expect_many_in_order, soon

TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


class TlsTest(harness.Certificates, ClientTest):
    def trusting(self, root=None, version=None):
        """A client's context: the root of the test unless told otherwise, and that version alone."""
        context = ssl.create_default_context(cafile=root or self.root)
        if version:
            context.minimum_version = context.maximum_version = version
        return context


class Echo(TlsTest):
    async def test_both_versions_echo_messages_of_every_size(self):
        server = self.start_tls("interop_server")
        mebibyte = 1024 * 1024
        for version, name in ((TLS_1_2, "TLSv1.2"), (TLS_1_3, "TLSv1.3")):
            async with connect(server.url(), ssl=self.trusting(version=version)) as client:
                self.assertIn(f"tls {name}", (await self.echo(client, "info")).split("\n"))
                # A record has at most 16,384 bytes.
                for message in ("hello", UNICODE, "", b"", b"\x00\xff\x80", "x" * 16_380, "x" * 16_384, b"y" * 16_385,
                                "ü" * (mebibyte // 2), bytes(range(256)) * (mebibyte // 256), ["one ", "", "two"]):
                    expected = "".join(message) if isinstance(message, list) else message
                    self.assertEqual(await self.echo(client, message), expected)
                await client.send(f"big {mebibyte}")
                self.assertEqual(await soon(client.recv()), "b" * mebibyte)

    async def test_compressed_messages_are_echoed(self):
        server = self.start_tls("echo_server", "--deflate", "takeover")
        async with connect(server.url(), ssl=self.trusting()) as client:
            self.assertTrue(client.response_headers["Sec-WebSocket-Extensions"].startswith("permessage-deflate"))
            for message in ("hello", "", "x" * 100_000, b"\x00\xff" * 200_000, "ü" * 400_000, "hello"):
                self.assertEqual(await self.echo(client, message), message)

    async def test_pings_pass_both_ways(self):
        server = self.start_tls("interop_server")
        async with connect(server.url(), ssl=self.trusting()) as client:
            for payload in (b"", b"payload", b"p" * 125):
                await soon(await client.ping(payload))
            await client.send("ping are you there?")
            await asyncio.to_thread(server.wait_for_line, r"^pong are you there\?$")

    async def test_the_order_of_pipelined_messages_is_kept(self):
        server = self.start_tls("echo_server")
        async with connect(server.url(), ssl=self.trusting()) as client:
            await expect_many_in_order(self, client)

    async def test_fifty_clients_are_served_at_once(self):
        server = self.start_tls("echo_server")
        context = self.trusting()
        await self.expect_echoes_at_once(50, lambda: connect(server.url(), ssl=context))


class End(TlsTest):
    async def test_either_side_closes_with_code_and_reason(self):
        server = self.start_tls("interop_server")
        for version in (TLS_1_2, TLS_1_3):
            for code, reason in ((1000, ""), (3000, "grüße"), (4999, "r" * 123)):
                seen = len(server.lines)
                async with connect(server.url(), ssl=self.trusting(version=version)) as client:
                    await client.close(code, reason)
                    self.assertEqual(client.close_code, code)
                await asyncio.to_thread(server.wait_for_line, f"^closed {code} clean peer {reason}$", begin=seen)
                seen = len(server.lines)
                async with connect(server.url(), ssl=self.trusting(version=version)) as client:
                    await client.send(f"close {code} {reason}")
                    await self.expect_close(client, code, reason)
                await asyncio.to_thread(server.wait_for_line, f"^closed {code} clean local {reason}$", begin=seen)
        self.assertEqual(server.log(), "")

    async def test_a_client_that_vanishes_is_an_unclean_end(self):
        server = self.start_tls("interop_server")
        client = await connect(server.url(), ssl=self.trusting())
        client.transport.abort()
        await soon(client.wait_closed())
        await asyncio.to_thread(server.wait_for_line, "^closed 1006 unclean transport ")
        async with connect(server.url(), ssl=self.trusting()) as client:
            self.assertEqual(await self.echo(client, "others go on"), "others go on")

    async def test_the_server_says_1001_when_it_ends(self):
        server = self.start_tls("interop_server")
        async with connect(server.url(), ssl=self.trusting()) as client:
            self.assertEqual(await self.echo(client, "here"), "here")
            server.signal()
            await self.expect_close(client, 1001, "")


class Certificate(TlsTest):
    async def refused(self, server, context):
        """Why the client refuses the server's certificate."""
        with self.assertRaises(ssl.SSLCertVerificationError) as refused:
            async with connect(server.url(), ssl=context):
                self.fail("was accepted")
        return refused.exception.verify_message

    async def test_the_client_refuses_a_bad_one_and_the_server_goes_on(self):
        for certificate, reason in (("foreign", "unable to get local issuer certificate"),
                                    ("expired", "certificate has expired"),
                                    ("not-yet-valid", "certificate is not yet valid"),
                                    ("other-name", "IP address mismatch, certificate is not valid for '127.0.0.1'.")):
            server = self.start_tls("echo_server", certificate=certificate)
            self.assertEqual(await self.refused(server, self.trusting()), reason)
            unverified = self.trusting()
            unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
            async with connect(server.url(), ssl=unverified) as client:
                self.assertEqual(await self.echo(client, "here"), "here")

    async def test_a_client_that_trusts_another_root_refuses_it(self):
        server = self.start_tls("echo_server")
        stranger = str(self.certificates / "foreign.pem")
        reason = await self.refused(server, self.trusting(root=stranger))
        self.assertEqual(reason, "unable to get local issuer certificate")

    async def test_one_with_an_rsa_key_is_verified_too(self):
        server = self.start_tls("echo_server", certificate="server-rsa")
        for version in (TLS_1_2, TLS_1_3):
            async with connect(server.url(), ssl=self.trusting(version=version)) as client:
                self.assertEqual(await self.echo(client, "here"), "here")

    async def test_the_name_is_asked_for_and_verified(self):
        server = self.start_tls("interop_server")
        async with connect(server.url(), ssl=self.trusting(), server_hostname="test.example") as client:
            self.assertIn("server name test.example", (await self.echo(client, "info")).split("\n"))


class OpeningHandshake(TlsTest):
    async def test_the_server_sees_the_request_and_the_client_the_response(self):
        server = self.start_tls("interop_server")
        async with connect(server.url("/room?x=1"), ssl=self.trusting(), subprotocols=["no", "chat.v1"]) as client:
            self.assertEqual((client.subprotocol, client.response_headers["X-Server"]), ("chat.v1", "mote"))
            lines = (await self.echo(client, "info")).split("\n")
        for line in ("path /room?x=1", f"host 127.0.0.1:{server.port}", "subprotocol chat.v1", "ip 127.0.0.1"):
            self.assertIn(line, lines)

    async def test_a_refusal_is_an_http_status(self):
        server = self.start_tls("interop_server")
        with self.assertRaises(websockets.InvalidStatusCode) as refused:
            async with connect(server.url("/forbidden"), ssl=self.trusting()):
                self.fail("was accepted")
        self.assertEqual(refused.exception.status_code, 403)


if __name__ == "__main__":
    harness.main()
