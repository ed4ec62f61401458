"""mote's client against the test server of libwebsockets, plain and over TLS."""

import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import harness

SERVER = "/usr/bin/libwebsockets-test-server"
MIRROR = ("--subprotocol", "lws-mirror-protocol")  # tells every client what one has said
COUNTER = ("--subprotocol", "dumb-increment-protocol")  # counts, twenty numbers a second
WITH_PORT = "16"  # one of the bits of its -d: then it says which port the kernel chose


class TestServer(harness.Process):
    """It listens at a port that it says in its log."""

    def __init__(self, *options):
        super().__init__(SERVER, "--port", "0", "--interface", "lo", "-d", WITH_PORT, *options)
        try:
            said = harness.eventually(lambda: re.search(r"lws_socket_bind says (\d+)", self.log()), "its port")
        except BaseException:
            self.kill()
            raise
        self.port = int(said[1])


class LibWebSockets(harness.Certificates, harness.Programs, unittest.TestCase):
    def start_servers(self):
        """The URLs of one without and one with TLS."""
        self.assertTrue(pathlib.Path(SERVER).exists(), f"{SERVER} is missing: ./dev test installs it")
        certificate, key = self.identity()
        for scheme, options in (("ws", ()), ("wss", ("--ssl", "--ssl-cert", certificate, "--ssl-key", key))):
            server = TestServer(*options)
            self.addCleanup(server.kill)
            yield f"{scheme}://127.0.0.1:{server.port}/"

    def run_client(self, *arguments):
        """Exit code and lines of output of a client that ends by itself."""
        client = self.start_client("interop_client", "--ca", self.root, *arguments)
        return client.ended(), client.lines

    def test_the_mirror_says_what_was_said(self):
        for url in self.start_servers():
            for options in (MIRROR, (*MIRROR, "--deflate", "takeover"), (*MIRROR, "--deflate", "on")):
                for text in ("d #ff0000 1 2 3;", "grüße", "x" * 3000):
                    code, lines = self.run_client(*options, "--text", text, url)
                    self.assertEqual((code, lines), (0, ["open lws-mirror-protocol", f"text {text}",
                                                         "closed by the client"]))

    def test_another_client_of_the_mirror_hears_it(self):
        for url in self.start_servers():
            hearing = self.start_client("interop_client", "--ca", self.root, *MIRROR, "--answers", "1", url)
            hearing.wait_for_line("^open lws-mirror-protocol$")
            self.run_client(*MIRROR, "--text", "for everybody", url)
            self.assertEqual(hearing.ended(), 0)
            self.assertEqual(hearing.lines[1], "text for everybody")

    def test_the_counter_counts(self):
        for url in self.start_servers():
            for options in (COUNTER, (*COUNTER, "--deflate", "takeover")):
                code, lines = self.run_client(*options, "--answers", "5", url)
                self.assertEqual((code, lines[0], lines[-1]),
                                 (0, "open dumb-increment-protocol", "closed by the client"))
                numbers = [int(line.removeprefix("text ")) for line in lines[1:-1]]
                self.assertEqual(numbers, list(range(numbers[0], numbers[0] + 5)))

    def test_its_close_is_told_with_code_and_reason(self):
        for url in self.start_servers():
            code, lines = self.run_client(*COUNTER, "--text", "closeme\n", "--answers", "1000000", url)
            self.assertEqual((code, lines[-1]), (0, "closed 1001 seeya"))

    def test_without_a_subprotocol_it_has_none(self):
        for url in self.start_servers():
            code, lines = self.run_client("--answers", "0", url)
            self.assertEqual((code, lines), (0, ["open ", "closed by the client"]))

    def test_a_subprotocol_that_it_does_not_know_is_refused(self):
        for url in self.start_servers():
            code, lines = self.run_client("--subprotocol", "no-such-protocol", url)
            self.assertEqual((code, lines[-1]), (1, "closed 1006 unclean handshake "))
            self.assertRegex(lines[0], "^error (transport|tls) ")  # it ends the connection without an answer


if __name__ == "__main__":
    harness.main()
