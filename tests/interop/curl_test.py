"""curl against mote: pages and refusals over TLS as an HTTP client sees them, and what its handshake chose."""

import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import harness

MAX_SECONDS = str(harness.PATIENCE_SECONDS)


class Curl(harness.Certificates, harness.Programs, unittest.TestCase):
    def curl(self, *arguments):
        """Exit code, what it got, and what it says of it."""
        ended = subprocess.run(
            ["/usr/bin/curl", "--disable", "--verbose", "--silent", "--noproxy", "*", "--max-time", MAX_SECONDS,
             "--cacert", self.root, *arguments], capture_output=True, encoding="utf-8", timeout=2 * harness.PATIENCE_SECONDS)
        return ended.returncode, ended.stdout, ended.stderr

    def test_an_endpoint_is_426_over_both_versions(self):
        server = self.start_tls("echo_server")
        for options, version in ((["--tls-max", "1.2"], "TLSv1.2"), (["--tlsv1.3"], "TLSv1.3")):
            code, body, said = self.curl(*options, server.url(scheme="http"))
            self.assertEqual((code, body.rstrip("\n")), (0, "This is a WebSocket endpoint."), said)
            self.assertIn("\n< HTTP/1.1 426 ", said)
            self.assertIn(f"SSL connection using {version} / ", said)
            self.assertIn("SSL certificate verify ok", said)

    def test_of_the_protocols_that_it_offers_http_1_1_is_chosen(self):
        server = self.start_tls("echo_server")
        _, _, said = self.curl("--http2", server.url(scheme="http"))
        self.assertRegex(said, r"ALPN: offers h2,\s?http/1.1")
        self.assertIn("ALPN: server accepted http/1.1", said)
        self.assertNotIn("HTTP/2", said)

    def test_pages_come_over_one_connection(self):
        server = self.start_tls("interop_server")
        page = server.url("/page", scheme="http")
        code, body, said = self.curl(page, page)
        self.assertEqual((code, body), (0, "<!doctype html><title>mote interop</title>" * 2))
        self.assertEqual((said.count("SSL connection using"), said.count("\n< HTTP/1.1 200 OK")), (1, 2), said)

    def test_plain_http_at_the_tls_port_is_told_so_in_plain_text(self):
        server = self.start_tls("echo_server")
        code, body, said = self.curl(f"http://127.0.0.1:{server.port}/")
        self.assertEqual((code, body.rstrip("\n")), (0, "This port speaks TLS: use wss:// or https://."), said)
        self.assertIn("\n< HTTP/1.1 400 Bad Request", said)
        harness.eventually(lambda: server.log().count("\n") == 1, "one line in the log")

    def test_tls_at_the_plain_port_fails_and_the_server_goes_on(self):
        server = self.start("echo_server", "ws://127.0.0.1:0")
        code, body, _ = self.curl(f"https://127.0.0.1:{server.port}/")
        self.assertEqual((code, body), (35, ""))  # CURLE_SSL_CONNECT_ERROR
        code, _, said = self.curl(server.url(scheme="http"))
        self.assertEqual(code, 0)
        self.assertIn("\n< HTTP/1.1 426 ", said)

    def test_a_certificate_that_it_does_not_trust_is_refused_and_the_log_says_so(self):
        for certificate, reason, alert in (
            ("foreign", "unable to get local issuer certificate", "tlsv1 alert unknown ca"),
            ("expired", "certificate has expired", "sslv3 alert certificate expired"),
        ):
            server = self.start_tls("echo_server", certificate=certificate)
            code, _, said = self.curl(server.url(scheme="http"))
            self.assertEqual(code, 60)  # CURLE_PEER_FAILED_VERIFICATION
            self.assertIn(reason, said)
            harness.eventually(lambda: server.log().endswith("\n"), "a line in the log")
            self.assertRegex(server.log(), rf"\Amote warning: 127\.0\.0\.1:\d+: TLS failed: {alert}\n\Z")

    def test_a_certificate_for_another_name_is_refused(self):
        server = self.start_tls("echo_server", certificate="other-name")
        code, _, said = self.curl(server.url(scheme="http"))
        self.assertEqual(code, 60)
        self.assertIn("no alternative certificate subject name matches", said)


if __name__ == "__main__":
    harness.main()
