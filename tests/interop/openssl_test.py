"""`openssl s_client` against mote: what the handshake agrees on, what is refused, sessions, and the end."""

import contextlib
import pathlib
import re
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import harness

REQUEST = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r"  # answered with 426, which ends the connection
VERSIONS = (("-tls1_2", "TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256"), ("-tls1_3", "TLSv1.3", "TLS_AES_128_GCM_SHA256"))


class OpenSsl(harness.Certificates, harness.Programs, unittest.TestCase):
    def start_s_client(self, server, *options):
        return self.start_client("/usr/bin/openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-CAfile",
                                 self.root, "-verify_ip", "127.0.0.1", *options)

    def s_client(self, server, *options, typed=REQUEST):
        """What s_client says until the connection has ended, standard error last."""
        client = self.start_s_client(server, *options)
        with contextlib.suppress(BrokenPipeError):  # it has ended
            client.type(typed)
        client.wait()
        return "\n".join(client.lines) + "\n" + client.log()

    def whole(self, server, *options):
        """The same for a request with its response up to the server's end."""
        return self.s_client(server, "-ign_eof", *options)

    def test_both_versions_verify_the_chain_and_have_forward_secrecy_and_aead(self):
        server = self.start_tls("echo_server")
        for option, version, cipher in VERSIONS:
            said = self.whole(server, option)
            self.assertIn(f"New, {version}, Cipher is {cipher}\n", said)
            self.assertIn("\nServer Temp Key: X25519, 253 bits\n", said)
            self.assertIn("\nVerification: OK\n", said)
            self.assertIn("\nCompression: NONE\n", said)
            self.assertIn(" 1 s:CN = mote test intermediate\n   i:CN = mote test root\n", said)
            self.assertIn("\nHTTP/1.1 426 ", said)

    def test_alpn_chooses_http_1_1_and_refuses_what_has_it_not(self):
        server = self.start_tls("echo_server")
        for option, _, _ in VERSIONS:
            self.assertIn("ALPN protocol: http/1.1\n", self.whole(server, option, "-alpn", "h2,http/1.1"))
            self.assertIn("No ALPN negotiated\n", self.whole(server, option))

    def test_older_versions_are_refused(self):
        server = self.start_tls("echo_server")
        for option in ("-tls1", "-tls1_1"):
            said = self.s_client(server, option, "-cipher", "DEFAULT@SECLEVEL=0")
            self.assertIn("alert protocol version", said)
            self.assertIn("New, (NONE), Cipher is (NONE)\n", said)
        said = self.s_client(server, "-no_tls1_2", "-no_tls1_3", "-cipher", "DEFAULT@SECLEVEL=0")
        self.assertIn("alert protocol version", said)

    def test_weak_ciphers_are_refused(self):
        server = self.start_tls("echo_server", certificate="server-rsa")
        for cipher in ("AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA256", "DHE-RSA-AES128-GCM-SHA256", "AES256-SHA"):
            said = self.s_client(server, "-tls1_2", "-cipher", f"{cipher}@SECLEVEL=0")
            self.assertIn("alert handshake failure", said, cipher)
        self.assertIn("Cipher is ECDHE-RSA-CHACHA20-POLY1305\n",
                      self.whole(server, "-tls1_2", "-cipher", "ECDHE-RSA-CHACHA20-POLY1305"))

    def test_renegotiation_is_refused_and_the_server_goes_on(self):
        server = self.start_tls("echo_server")
        said = self.s_client(server, "-tls1_2", typed="R")
        self.assertIn("RENEGOTIATING\n", said)
        self.assertIn(":no renegotiation:", said)
        self.assertIn("\nHTTP/1.1 426 ", self.whole(server))

    def test_a_tls_1_3_key_update_is_followed(self):
        server = self.start_tls("echo_server")
        client = self.start_s_client(server, "-tls1_3")
        client.wait_for_line("Verify return code")
        client.type("K")  # new keys in both directions
        harness.eventually(lambda: "KEYUPDATE\n" in client.log(), "the update")
        client.type(REQUEST)
        client.wait()
        self.assertIn("HTTP/1.1 426 Upgrade Required", "\n".join(client.lines))

    def test_a_session_is_resumed(self):
        server = self.start_tls("echo_server")
        with tempfile.TemporaryDirectory(prefix="mote-session-") as folder:
            for option, version, cipher in VERSIONS:
                session = f"{folder}/{version}"
                self.assertIn(f"New, {version}, ", self.whole(server, option, "-sess_out", session))
                said = self.whole(server, option, "-sess_in", session)
                self.assertIn(f"Reused, {version}, Cipher is {cipher}\n", said)
                self.assertIn("\nHTTP/1.1 426 ", said)

    def test_another_server_does_not_know_the_session(self):
        one, other = self.start_tls("echo_server"), self.start_tls("echo_server")
        with tempfile.TemporaryDirectory(prefix="mote-session-") as folder:
            for option, version, _ in VERSIONS:
                session = f"{folder}/{version}"
                self.whole(one, option, "-sess_out", session)
                said = self.whole(other, option, "-sess_in", session)
                self.assertIn(f"New, {version}, ", said)
                self.assertIn("\nHTTP/1.1 426 ", said)

    def test_the_end_is_close_notify(self):
        server = self.start_tls("echo_server")
        for option, _, _ in VERSIONS:
            said = self.whole(server, option, "-msg")
            alerts = re.findall(r"^(<<<|>>>) TLS [\d.]+, Alert \[length \d+\], (.*)$", said, re.MULTILINE)
            self.assertEqual(alerts[:1], [("<<<", "warning close_notify")], said)
            self.assertTrue(all(alert == "warning close_notify" for _, alert in alerts), said)
        self.assertEqual(server.log(), "")


if __name__ == "__main__":
    harness.main()
