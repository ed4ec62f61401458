"""echo_server as it is run: its command line, its output, its signals, and what each option does."""

import pathlib
import select
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import harness
from raw_socket import BINARY, CLOSE, PING, TEXT, RawSocket, client_frame


def run(*arguments):
    """Exit code, standard output and standard error of an echo_server that is to end by itself."""
    ended = subprocess.run([harness.programs / "echo_server", *arguments], capture_output=True, encoding="utf-8",
                           timeout=harness.PATIENCE_SECONDS)
    return ended.returncode, ended.stdout, ended.stderr


def most_that_kernels_hold():
    """Bytes that two sockets hold in both directions at most (tcp(7), tcp_rmem and tcp_wmem), and some."""
    limits = (pathlib.Path(f"/proc/sys/net/ipv4/{name}").read_text() for name in ("tcp_rmem", "tcp_wmem"))
    return 2 * sum(int(limit.split()[2]) for limit in limits) + 1024 * 1024


class CommandLine(harness.Programs, unittest.TestCase):
    def test_tells_its_address_once_it_accepts(self):
        server = self.start("echo_server", "ws://127.0.0.1:0")
        RawSocket.upgraded(server.port).socket.close()  # at once: no second attempt
        self.assertEqual(server.greeting, f"listening on ws://127.0.0.1:{server.port}")
        self.assertNotEqual(server.port, 0)
        server.stop()
        self.assertEqual(len(server.lines), 1, "nothing else on standard output")

    def test_tells_a_path_too(self):
        server = self.start("echo_server", "ws://127.0.0.1:0/echo")
        self.assertEqual(server.greeting, f"listening on ws://127.0.0.1:{server.port}/echo")

    def test_bad_options_end_with_exit_code_2_and_one_line(self):
        for arguments, about in (
            (["--frobnicate"], "--frobnicate"),
            (["-x"], "-x"),
            (["--max-message"], "--max-message"),
            (["--max-message", "0"], '"0"'),
            (["--max-message", "-1"], '"-1"'),
            (["--max-message", "many"], '"many"'),
            (["--max-message", "10x"], '"10x"'),
            (["--max-message", "99999999999999999999"], "99999999999999999999"),
            (["--ping-interval", "0"], "--ping-interval"),
            (["--ping-interval", "nan"], "--ping-interval"),
            (["--ping-interval", "inf"], "--ping-interval"),
            (["--handshake-timeout", "-3"], "--handshake-timeout"),
            (["--soft-limit", ""], "--soft-limit"),
            (["--hard-limit", "1.5"], "--hard-limit"),
            (["--soft-limit", "2000", "--hard-limit", "1000"], "hard_limit"),
            (["http://127.0.0.1:0"], "http://127.0.0.1:0"),
            (["ws://127.0.0.1:99999"], "99999"),
            (["ws://"], "ws://"),
        ):
            with self.subTest(arguments):
                code, output, errors = run(*arguments)
                self.assertEqual((code, output), (2, ""), errors)
                self.assertRegex(errors, r"\Aecho_server: [^\n]+\n\Z")
                self.assertIn(about, errors)

    def test_an_address_in_use_is_exit_code_1_and_one_line(self):
        server = self.start("echo_server", "ws://127.0.0.1:0")
        code, output, errors = run(server.url())
        self.assertEqual((code, output), (1, ""), errors)
        self.assertRegex(errors, r"\Aecho_server: [^\n]+\n\Z")
        self.assertIn(str(server.port), errors)


class Signals(harness.Programs, unittest.TestCase):
    def test_ends_with_exit_code_0_without_connections(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            server = self.start("echo_server", "ws://127.0.0.1:0")
            server.signal(number)
            self.assertEqual(server.wait(), 0)

    def test_drains_open_connections_with_1001(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            server = self.start("echo_server", "ws://127.0.0.1:0")
            clients = [RawSocket.upgraded(server.port) for _ in range(10)]
            clients[0].send(client_frame(TEXT, b"before the end"))
            self.assertEqual(clients[0].read_frame(), (TEXT, b"before the end"))
            server.signal(number)
            for client in clients:
                with client:
                    self.assertEqual(client.read_close_code(), 1001)
                    client.send(client_frame(CLOSE, (1001).to_bytes(2, "big")))
                    self.assertIsNone(client.read_frame())
            self.assertEqual(server.wait(), 0)

    def test_drops_after_the_deadline_who_does_not_answer(self):
        server = self.start("echo_server", "ws://127.0.0.1:0")
        with RawSocket.upgraded(server.port) as client:
            server.signal(signal.SIGTERM)
            self.assertEqual(client.read_close_code(), 1001)
            self.assertEqual(server.wait(), 0)

    def test_signals_that_come_while_it_ends_do_no_harm(self):
        for _ in range(10):
            server = self.start("echo_server", "ws://127.0.0.1:0")
            while server.is_running():
                server.signal(signal.SIGTERM)
            # One that comes when there is nothing left to drain ends it.
            self.assertIn(server.ended(), (0, -signal.SIGTERM), server.log())
            server.crash()

    def test_an_idle_http_connection_does_not_hold_up_the_end(self):
        # interop_server drains for longer than this test waits.
        server = self.start("interop_server", "ws://127.0.0.1:0")
        with RawSocket(server.port) as fresh, RawSocket(server.port) as used:
            used.send(b"GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertTrue(used.read_head().startswith(b"HTTP/1.1 200 "))
            server.signal(signal.SIGTERM)
            self.assertEqual(server.wait(), 0)
            self.assertEqual(fresh.socket.recv(1), b"")


class Options(harness.Programs, unittest.TestCase):
    def start_echo(self, *options):
        return self.start("echo_server", "ws://127.0.0.1:0", *options)

    def test_max_message(self):
        server = self.start_echo("--max-message", "100")
        with RawSocket.upgraded(server.port) as client:
            client.send(client_frame(TEXT, b"x" * 100))
            self.assertEqual(client.read_frame(), (TEXT, b"x" * 100))
            client.send(client_frame(TEXT, b"x" * 101))
            self.assertEqual(client.read_close_code(), 1009)

    def test_ping_interval(self):
        server = self.start_echo("--ping-interval", "0.05")
        with RawSocket.upgraded(server.port) as client:
            for _ in range(3):
                self.assertEqual(client.read_frame(), (PING, b""))
                client.send(client_frame(TEXT, b"alive"))  # anything that is received is an answer
                self.assertEqual(client.read_frame(), (TEXT, b"alive"))

    def test_handshake_timeout_is_absolute(self):
        server = self.start_echo("--handshake-timeout", "0.5")
        began = time.monotonic()
        with RawSocket(server.port) as silent, RawSocket(server.port) as trickling:
            trickling.send(b"GET / HTTP/1.1\r\nX: ")
            while not select.select([trickling.socket], [], [], 0.05)[0]:
                self.assertLess(time.monotonic() - began, harness.PATIENCE_SECONDS, "a trickle of bytes holds it open")
                try:
                    trickling.send(b"x")
                except ConnectionError:
                    break
            self.assertFalse(silent.receive_more())
            self.assertGreaterEqual(time.monotonic() - began, 0.4)
        with RawSocket.upgraded(server.port) as client:
            client.send(client_frame(TEXT, b"in time"))
            self.assertEqual(client.read_frame(), (TEXT, b"in time"))

    MESSAGE = client_frame(BINARY, b"m" * 16384)

    def push(self, client, enough, patience=1):
        """Sends messages and reads nothing, until `enough` bytes or the server takes none for so long; how many it
        took."""
        client.socket.setblocking(False)
        sent = 0
        while sent < enough and select.select([], [client.socket], [], patience)[1]:
            sent += client.socket.send((self.MESSAGE * 16)[sent % len(self.MESSAGE):])
        client.socket.settimeout(harness.PATIENCE_SECONDS)
        return sent

    def test_soft_limit_stops_reading_from_a_client_that_does_not_read(self):
        server = self.start_echo("--soft-limit", "50000")
        held_by_kernels = most_that_kernels_hold()
        with RawSocket.upgraded(server.port) as client:
            sent = self.push(client, enough=2 * held_by_kernels)
            self.assertLess(sent, held_by_kernels + 50000, "the server went on reading")
            # It goes on once the client reads.
            for _ in range(sent // len(self.MESSAGE)):
                self.assertEqual(client.read_frame(), (BINARY, b"m" * 16384))
            client.send(self.MESSAGE[sent % len(self.MESSAGE):])
            self.assertEqual(client.read_frame(), (BINARY, b"m" * 16384))

    def test_a_high_soft_limit_goes_on_reading(self):
        enough = most_that_kernels_hold() + 8 * 1024 * 1024
        server = self.start_echo("--soft-limit", str(2 * enough), "--hard-limit", str(4 * enough))
        with RawSocket.upgraded(server.port) as client:
            sent = self.push(client, enough, harness.PATIENCE_SECONDS)
            self.assertGreaterEqual(sent, enough, "the server stopped reading below its soft limit")

    def test_hard_limit_closes_with_1008(self):
        # 63 messages stay below the soft limit, so that it reads on; one more would pass the hard limit.
        server = self.start_echo("--soft-limit", "1048576", "--hard-limit", "1048576")
        with RawSocket.upgraded(server.port) as client:
            try:
                self.push(client, enough=2 * most_that_kernels_hold())
            except ConnectionError:
                self.fail("a reset, which overtakes the Close frame")
            harness.eventually(lambda: "closed with 1008" in server.log(), "the refusal in the log")
            self.assertEqual(server.log().count("\n"), 1, server.log())
            self.assertEqual(client.read_close_code(), 1008)

    def test_quiet_leaves_out_the_log(self):
        for options, lines in (((), 1), (("--quiet",), 0)):
            server = self.start_echo(*options)
            with RawSocket.upgraded(server.port) as client:
                client.send(b"\x81\x00")  # not masked
                self.assertEqual(client.read_close_code(), 1002)
            code, log = self.end(server)
            self.assertEqual((code, log.count("\n")), (0, lines), log)

    def end(self, server):
        server.signal()
        return server.wait(), server.log()


if __name__ == "__main__":
    harness.main()
