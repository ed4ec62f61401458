"""mote's client against servers of npm's ws on Node.js; what they do is in npm_ws_server.js."""

import pathlib
import sys
import unittest
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import harness

UNICODE = "grüße, 世界 \U0001f30d end"


class NpmWsServer(harness.Certificates, harness.Programs, unittest.TestCase):
    def start_servers(self):
        """One without and one with TLS."""
        self.assertTrue((HERE / "node_modules/ws").is_dir(), "npm's ws is missing: ./dev test installs it")
        return self.start_node(), self.start_node(*self.identity())

    def start_node(self, *arguments):
        return self.start(HERE / "npm_ws_server.js", *arguments, under=("node",))

    def run_client(self, *arguments):
        """Exit code and lines of output of a client that ends by itself."""
        client = self.start_client("interop_client", "--ca", self.root, *arguments)
        return client.ended(), client.lines

    def test_text_and_binary_come_back(self):
        long = "x" * 100_000
        for server in self.start_servers():
            code, lines = self.run_client("--text", "hello", "--text", UNICODE, "--text", "", "--binary", "",
                                          "--binary", "bytes ü", "--text", long, server.url("/echo"))
            self.assertEqual(lines, ["open ", "text hello", f"text {UNICODE}", "text ", "binary ",
                                     "binary " + "bytes ü".encode().hex(), f"text {long}", "closed by the client"])
            self.assertEqual(code, 0)
            server.wait_for_line("^closed 1000 $")

    def test_compressed_messages_come_back(self):
        neither = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        texts = ("hello", UNICODE, "", "x" * 100_000, "hello", "ü" * 30_000)
        messages = [word for text in texts for word in ("--text", text)]
        for server in self.start_servers():
            for path, mode, bits, chosen in (
                ("deflate", "on", "15", neither),
                ("takeover", "takeover", "15", "permessage-deflate"),
                ("takeover", "on", "15", neither),
                ("takeover", "takeover", "10",
                 "permessage-deflate; server_max_window_bits=10; client_max_window_bits=10"),
                ("windows", "takeover", "15",
                 "permessage-deflate; client_max_window_bits=9; server_max_window_bits=9"),
            ):
                seen = len(server.lines)
                code, lines = self.run_client("--deflate", mode, "--window-bits", bits, *messages,
                                              server.url(f"/{path}"))
                self.assertEqual(lines[1:-1], [f"text {text}" for text in texts])
                self.assertEqual(code, 0)
                server.wait_for_line(f"^extensions {chosen}$", begin=seen)

    def test_the_servers_code_and_reason_are_told(self):
        for server in self.start_servers():
            for code, reason in ((1000, ""), (4001, "auf Wiedersehen, grüße"), (3000, "r" * 123)):
                seen = len(server.lines)
                exit_code, lines = self.run_client(server.url(f"/close/{code}/{urllib.parse.quote(reason)}"))
                self.assertEqual((exit_code, lines), (0, ["open ", f"closed {code} clean peer {reason}"]))
                server.wait_for_line(f"^closed {code} ", begin=seen)

    def test_the_clients_code_and_reason_reach_the_server(self):
        for server in self.start_servers():
            for code, reason in ((1000, "bye"), (4001, "auf Wiedersehen, grüße")):
                command = urllib.parse.quote(f"close {code} {reason}")
                exit_code, lines = self.run_client(server.url(f"/command/{command}"))
                self.assertEqual(exit_code, 0)
                self.assertTrue(lines[-1].startswith(f"closed {code} clean local"), lines)
                server.wait_for_line(f"^closed {code} {reason}$")

    def test_ends_without_a_close_frame_are_unclean(self):
        for server in self.start_servers():
            code, lines = self.run_client(server.url("/terminate"))
            self.assertEqual(code, 1)
            self.assertTrue(lines[-1].startswith("closed 1006 unclean transport "), lines)
            seen = len(server.lines)
            code, lines = self.run_client(server.url("/command/abort"))
            self.assertEqual((code, lines[-1]), (1, "closed 1006 unclean local "))
            server.wait_for_line("^closed 1006 $", begin=seen)

    def test_pings_are_answered(self):
        for server in self.start_servers():
            client = self.start_client("interop_client", "--ca", self.root, server.url("/ping/of%20ws"))
            client.wait_for_line("^ping of ws$")
            server.wait_for_line("^pong of ws$")

    def test_a_certificate_that_does_not_verify_is_an_error(self):
        server = self.start_node(*self.identity("foreign"))
        code, lines = self.run_client(server.url())
        self.assertEqual(code, 1)
        self.assertEqual(lines[0], "error tls TLS with 127.0.0.1 failed: certificate verify failed: "
                                   "unable to get local issuer certificate")


if __name__ == "__main__":
    harness.main()
