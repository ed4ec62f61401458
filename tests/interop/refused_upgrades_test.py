"""Refused opening handshakes as an HTTP client sees them: a status, its headers, and one line that says why."""

import http.client
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import harness

HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def without(name):
    return {key: value for key, value in HANDSHAKE.items() if key != name}


class RefusedUpgrades(harness.Programs, unittest.TestCase):
    def request(self, server, method="GET", target="/", headers=HANDSHAKE):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=harness.PATIENCE_SECONDS)
        self.addCleanup(connection.close)
        connection.request(method, target, headers=headers)
        response = connection.getresponse()
        return response, response.read().decode()

    def refused(self, server, status, body, **request):
        """Checks the answer; answers its headers."""
        response, text = self.request(server, **request)
        self.assertEqual((response.status, text.rstrip("\n")), (status, body))
        self.assertEqual(int(response.headers["Content-Length"]), len(text.encode()))
        self.assertEqual(response.headers["Content-Type"], "text/plain; charset=utf-8")
        self.assertIn("close", response.headers["Connection"].split(", "))
        self.assertRegex(response.headers["Date"], r"^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$")
        return response.headers

    def test_the_handshake_that_the_others_vary_is_accepted(self):
        server = self.start("echo_server", "ws://127.0.0.1:0")
        response, _ = self.request(server)
        self.assertEqual(response.status, 101)
        self.assertEqual(response.headers["Sec-WebSocket-Accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")

    def test_another_version_is_426_with_the_version_that_is_spoken(self):  # checklist 35, 45
        server = self.start("echo_server", "ws://127.0.0.1:0")
        for version in ("8", "12", "14", "255"):
            headers = self.refused(server, 426, "Only version 13 of the WebSocket protocol is spoken here.",
                                   headers={**HANDSHAKE, "Sec-WebSocket-Version": version})
            self.assertEqual(headers["Sec-WebSocket-Version"], "13")
            self.assertEqual(headers["Upgrade"].lower(), "websocket")

    def test_a_plain_get_of_an_endpoint_is_426(self):
        server = self.start("echo_server", "ws://127.0.0.1:0")
        headers = self.refused(server, 426, "This is a WebSocket endpoint.", headers={})
        self.assertEqual(headers["Upgrade"].lower(), "websocket")

    def test_post_is_405_with_the_methods_that_are_allowed(self):  # checklist 36
        server = self.start("echo_server", "ws://127.0.0.1:0")
        for headers in ({}, HANDSHAKE):
            answer = self.refused(server, 405, "Only GET and HEAD are allowed.", method="POST", headers=headers)
            self.assertEqual(answer["Allow"], "GET, HEAD")

    def test_a_method_that_nobody_knows_is_501(self):  # checklist 37
        server = self.start("echo_server", "ws://127.0.0.1:0")
        for method in ("BREW", "get"):
            self.refused(server, 501, "This method is not implemented.", method=method)

    def test_what_lacks_a_part_of_the_handshake_is_400(self):  # checklist 38
        server = self.start("echo_server", "ws://127.0.0.1:0")
        self.refused(server, 400, "Sec-WebSocket-Key is missing, repeated or not 16 bytes in Base64.",
                     headers=without("Sec-WebSocket-Key"))
        self.refused(server, 400, "Sec-WebSocket-Key is missing, repeated or not 16 bytes in Base64.",
                     headers={**HANDSHAKE, "Sec-WebSocket-Key": "c2hvcnQ="})
        self.refused(server, 400, "Sec-WebSocket-Version is missing, repeated or malformed.",
                     headers=without("Sec-WebSocket-Version"))
        self.refused(server, 400, "The Connection header lacks upgrade.", headers=without("Connection"))
        self.refused(server, 400, "A WebSocket handshake has no content.", headers={**HANDSHAKE, "Content-Length": "5"})

    def test_what_is_too_long_is_414_or_431(self):
        server = self.start("echo_server", "ws://127.0.0.1:0")
        self.refused(server, 414, "The request target is too long.", target="/" + "x" * 4096)
        self.refused(server, 431, "The request head is too large.", headers={**HANDSHAKE, "X-Long": "x" * 9000})
        self.refused(server, 431, "Too many header lines.", headers={**HANDSHAKE, **{f"X-{n}": "" for n in range(100)}})

    def test_another_path_is_404(self):
        server = self.start("echo_server", "ws://127.0.0.1:0/echo")
        self.refused(server, 404, "No WebSocket endpoint has this path.", target="/other")
        self.refused(server, 404, "Not found.", target="/other", headers={})

    def test_the_programs_own_refusal_has_its_status_and_text(self):
        server = self.start("interop_server", "ws://127.0.0.1:0")
        headers = self.refused(server, 403, "not here", target="/forbidden")
        self.assertIsNone(headers["X-Server"], "headers that were meant for the 101")

    def test_each_refusal_is_one_line_in_the_log(self):
        server = self.start("echo_server", "ws://127.0.0.1:0")
        for _ in range(3):
            self.request(server, headers=without("Sec-WebSocket-Key"))
        harness.eventually(lambda: server.log().count("refused with 400") == 3, "three refusals in the log")
        self.assertEqual(server.log().count("\n"), 3, server.log())


if __name__ == "__main__":
    harness.main()
