"""mote_load as it is run: against echo_server, and against servers that do not do as they should."""

import base64
import hashlib
import itertools
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import harness

SHORT = ("--warmup", "0.1", "--duration", "0.3")


def run(*arguments):
    """Exit code, standard output and standard error of a mote_load that is to end by itself."""
    ended = subprocess.run([harness.programs / "mote_load", *arguments], capture_output=True, encoding="utf-8",
                           timeout=harness.PATIENCE_SECONDS)
    if harness.SANITIZER_REPORT.search(ended.stderr):
        raise AssertionError(ended.stderr)
    return ended.returncode, ended.stdout, ended.stderr


class BadServer:
    """Opens WebSocket connections, and answers each frame with what `answer` makes of opcode and payload: the bytes to
    send, or none to end the connection. Messages are short."""

    def __init__(self, answer):
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection = self._listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, connection.makefile("rb") as stream:
            try:
                key = ""
                while (line := stream.readline().decode().strip()):
                    if line.lower().startswith("sec-websocket-key:"):
                        key = line.split(":", 1)[1].strip()
                accept = base64.b64encode(hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest())
                connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                   b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
                self._echo(connection, stream)
            except (OSError, IndexError):
                pass  # the client has gone

    def _echo(self, connection, stream):
        while True:
            first, length = stream.read(2)
            mask = stream.read(4)
            payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(stream.read(length & 0x7F)))
            opcode = first & 0x0F
            answer = frame(8, payload) if opcode == 8 else self._answer(opcode, payload)
            if answer is None:
                return
            connection.sendall(answer)
            if opcode == 8:
                return


def frame(opcode, payload):
    return bytes([0x80 | opcode, len(payload)]) + payload


class WithServer(harness.Certificates, harness.Programs, unittest.TestCase):
    def measure(self, url, *arguments):
        """What the JSON says of a run without errors."""
        code, output, errors = run(url, "--json", "-", *arguments)
        self.assertEqual((code, errors), (0, ""), output)
        result = json.loads(output)
        self.assertEqual(result["errors"], 0)
        self.assertEqual(result["opened"], result["settings"]["connections"])
        return result

    def test_a_closed_loop_measures_throughput_latency_and_the_server(self):
        server = self.start("echo_server", "ws://127.0.0.1:0")
        result = self.measure(server.url(), "--connections", "4", "--pipeline", "8", "--pid", str(server.pid), *SHORT)
        latency = result["latency_ns"]
        self.assertGreater(result["messages"], 100)
        self.assertEqual(latency["count"], result["messages"])
        self.assertAlmostEqual(result["messages_per_second"], result["messages"] / result["seconds"], delta=1)
        self.assertGreaterEqual(result["seconds"], 0.3)
        order = [latency[name] for name in ("min", "p50", "p90", "p99", "p99_9", "p99_99", "max")]
        self.assertEqual(order, sorted(order))
        self.assertGreater(order[0], 0)
        self.assertGreater(result["server"]["resident_bytes_end"], 100_000)
        self.assertGreater(result["own"]["cpu_ns_per_message"], 0)
        self.assertGreaterEqual(len(result["samples"]), 3)
        self.assertEqual(result["connect_ns"]["count"], 4)

    def test_messages_are_counted_exactly(self):
        server = self.start("echo_server", "ws://127.0.0.1:0")
        for options in (("--pipeline", "7"), ("--rate", "20000"), ("--ramp", "0.05")):
            with self.subTest(options):
                result = self.measure(server.url(), "--connections", "3", "--messages", "1001", "--verify", *options)
                self.assertEqual(result["messages"], 1001)
                self.assertEqual(result["latency_ns"]["count"], 1001)

    def test_every_kind_of_message_comes_back_as_it_was(self):
        server = self.start("echo_server", "ws://127.0.0.1:0")
        for options in (("--fill", "utf8", "--payload", "333"), ("--fill", "json", "--payload", "70000"),
                        ("--binary",), ("--binary", "--payload", "0"), ("--payload", "2000000"),
                        ("--binary", "--payload", "100000", "--pipeline", "50")):
            with self.subTest(options):
                limits = self.start("echo_server", "ws://127.0.0.1:0", "--max-message", "4000000", "--hard-limit",
                                    "100000000")
                result = self.measure(limits.url(), "--connections", "2", "--messages", "200", "--verify", *options)
                self.assertEqual(result["messages"], 200)

    def test_an_open_loop_keeps_its_rate(self):
        server = self.start("echo_server", "ws://127.0.0.1:0")
        result = self.measure(server.url(), "--connections", "5", "--rate", "1000", "--warmup", "0.1",
                              "--duration", "1")
        self.assertGreaterEqual(result["seconds"], 1)
        self.assertAlmostEqual(result["latency_ns"]["count"], 1000 * result["seconds"], delta=10)
        self.assertEqual(result["settings"]["loop"], "open")

    def test_in_an_open_loop_a_stalled_server_shows_in_the_latencies(self):
        server = self.start("echo_server", "ws://127.0.0.1:0")
        load = self.start_client("mote_load", server.url(), "--connections", "5", "--rate", "1000", "--warmup", "0",
                                 "--duration", "2", "--json", "-")
        harness.eventually(lambda: self.sleeps(server.pid) > 200, "messages flow")
        os.kill(server.pid, signal.SIGSTOP)
        time.sleep(0.6)  # the stall
        os.kill(server.pid, signal.SIGCONT)
        self.assertEqual(load.ended(), 0, load.log())
        result = json.loads("\n".join(load.lines))
        # Of 2 s with 1,000 messages each, some 600 waited, the first of them 0.6 s.
        self.assertAlmostEqual(result["latency_ns"]["count"], 1000 * result["seconds"], delta=10)
        self.assertGreater(result["latency_ns"]["max"], 400e6)
        self.assertGreater(result["latency_ns"]["p90"], 100e6)

    def test_speaks_tls_with_an_authority_or_without_asking(self):
        server = self.start_tls("echo_server")
        for options in (("--ca", self.root), ("--insecure",)):
            self.measure(server.url(), "--connections", "3", "--messages", "300", "--verify", *options)
        code, output, errors = run(server.url(), *SHORT)
        self.assertEqual((code, output), (3, ""))
        self.assertRegex(errors, r"\Amote_load: [^\n]*certificate[^\n]*\n\Z")
        self.assertEqual(run(server.url(), "--ca", "/nonexistent.pem")[0], 3)

    def test_compresses(self):
        server = self.start("echo_server", "ws://127.0.0.1:0", "--deflate", "on")
        for options in ((), ("--binary",), ("--payload", "20")):
            self.measure(server.url(), "--connections", "2", "--payload", "3000", "--deflate", "--messages", "300",
                         "--verify", *options)

    def test_a_server_that_does_not_compress_is_an_error(self):
        server = self.start("echo_server", "ws://127.0.0.1:0")
        code, output, _ = run(server.url(), "--deflate", *SHORT)
        self.assertEqual(code, 1)
        self.assertIn("permessage-deflate", output)

    def test_connects_from_many_addresses_in_a_ramp(self):
        server = self.start("echo_server", "ws://127.0.0.1:0")
        result = self.measure(server.url(), "--connections", "30", "--source-addresses", "5", "--ramp", "0.3",
                              "--concurrency", "2", *SHORT)
        self.assertGreaterEqual(result["connecting_s"], 0.25)

    def test_connects_to_a_unix_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            server = harness.Process("echo_server", f"ws+unix://{folder}/socket")
            try:
                server.wait_for_line("listening on")
                self.measure(f"ws+unix://{folder}/socket", "--messages", "10")
            finally:
                server.signal()
                self.assertEqual(server.ended(), 0)

    def test_ends_each_connection_with_1000(self):
        server = self.start("interop_server", "ws://127.0.0.1:0")
        code, output, errors = run(server.url(), "--connections", "3", "--messages", "30")
        self.assertEqual(code, 0, output + errors)
        harness.eventually(lambda: server.lines.count("closed 1000 clean peer ") == 3, "three clean ends")

    def test_the_report_is_one_well_formed_page(self):
        server = self.start("echo_server", "ws://127.0.0.1:0")
        with tempfile.TemporaryDirectory() as folder:
            report = pathlib.Path(folder, "report.html")
            code, output, errors = run(server.url("/?a=1&b=2"), "--report", str(report), "--json", f"{folder}/r.json",
                                       "--pid", str(server.pid), *SHORT)
            self.assertEqual((code, errors), (0, ""))
            page = report.read_text(encoding="utf-8")
            self.assertGreater(json.loads(pathlib.Path(folder, "r.json").read_text())["messages"], 0)
        root = xml.etree.ElementTree.fromstring(page)
        self.assertEqual(root.tag, "html")
        self.assertEqual(len(root.findall(".//{http://www.w3.org/2000/svg}svg")), 2)
        self.assertNotRegex(page.replace("http://www.w3.org/2000/svg", ""), r"https?:|<script|src=|@import")
        self.assertRegex(output, r"(?m)^Latency +min +p50 +p90 +p99 +p99.9 +p99.99 +max$")

    def test_quiet_says_nothing(self):
        server = self.start("echo_server", "ws://127.0.0.1:0")
        self.assertEqual(run(server.url(), "--quiet", "--messages", "10"), (0, "", ""))

    def test_ctrl_c_ends_it_with_what_was_measured(self):
        server = self.start("echo_server", "ws://127.0.0.1:0")
        load = self.start_client("mote_load", server.url(), "--warmup", "0", "--duration", "1000", "--json", "-",
                                 "--pid", str(server.pid))
        harness.eventually(lambda: server.is_running() and self.cpu_ticks(load.pid) > 5, "it works")
        load.signal(signal.SIGINT)
        self.assertEqual(load.ended(), 0, load.log())
        result = json.loads("\n".join(load.lines))
        self.assertTrue(result["interrupted"])
        self.assertGreater(result["messages"], 0)
        self.assertEqual(result["errors"], 0)

    def test_ctrl_c_ends_it_while_it_connects(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            load = self.start_client("mote_load", f"ws://127.0.0.1:{silent.getsockname()[1]}", "--connections", "3")
            with silent.accept()[0]:
                load.signal(signal.SIGINT)
                self.assertEqual(load.ended(), 3)
        self.assertEqual(load.log(), "mote_load: interrupted before there was a connection\n")

    @staticmethod
    def sleeps(pid):
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status, re.MULTILINE)[1])

    @staticmethod
    def cpu_ticks(pid):
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def test_a_server_that_ends_meanwhile_is_an_error(self):
        server = self.start("echo_server", "ws://127.0.0.1:0")
        load = self.start_client("mote_load", server.url(), "--connections", "3", "--warmup", "0", "--duration", "30",
                                 "--pid", str(server.pid))
        harness.eventually(lambda: self.cpu_ticks(load.pid) > 5, "it works")
        server.crash()
        self.assertEqual(load.ended(), 1, load.log())
        self.assertRegex("\n".join(load.lines), r"Errors +3 connections ended early")
        self.assertRegex("\n".join(load.lines), "Server CPU +not known: the process has ended")


class Wrong(unittest.TestCase):
    def errors_of(self, answer, *arguments):
        server = BadServer(answer)
        self.addCleanup(server.stop)
        code, output, _ = run(server.url, "--json", "-", "--timeout", "0.5", *arguments)
        self.assertEqual(code, 1, output)
        return json.loads(output)

    def test_an_echo_that_differs_is_found_by_verify(self):
        def answer(opcode, payload):
            return frame(opcode, payload[:-1] + bytes([payload[-1] ^ 1]))

        result = self.errors_of(answer, "--messages", "10", "--verify")
        self.assertEqual(result["error_kinds"]["wrong"], 10)
        self.assertEqual(result["error_texts"], {"an echo differs from the message": 10})

    def test_messages_that_change_places_are_found_by_verify(self):
        waiting = []

        def answer(opcode, payload):
            waiting.append(payload)
            if len(waiting) % 2:
                return b""
            return frame(opcode, waiting[-1]) + frame(opcode, waiting[-2])

        result = self.errors_of(answer, "--messages", "10", "--pipeline", "2", "--verify")
        self.assertEqual(result["error_kinds"]["wrong"], 10)

    def test_another_size_or_kind_is_found_without(self):
        for answer, text in ((lambda opcode, payload: frame(opcode, payload[1:]), "size"),
                             (lambda _, payload: frame(2, payload), "binary")):
            result = self.errors_of(answer, "--messages", "10")
            self.assertEqual(result["error_kinds"]["wrong"], 10)
            self.assertIn(text, str(result["error_texts"]))

    def test_a_message_too_many_is_found(self):
        result = self.errors_of(lambda opcode, payload: frame(opcode, payload) * 3, *SHORT)
        self.assertGreater(result["error_kinds"]["wrong"], 0)

    def test_a_server_that_does_not_answer_is_waited_for_no_longer_than_asked(self):
        for options in (("--messages", "4"), SHORT, ("--rate", "40", "--messages", "4")):
            with self.subTest(options):
                begin = time.monotonic()
                result = self.errors_of(lambda opcode, payload: b"", *options)
                self.assertLess(time.monotonic() - begin, 10)
                self.assertEqual(result["messages"], 0)
                self.assertGreater(result["error_kinds"]["missing"], 0)

    def test_a_server_that_hangs_up_is_an_error(self):
        result = self.errors_of(lambda opcode, payload: None, "--connections", "2", *SHORT)
        self.assertEqual(result["error_kinds"]["ended"], 2)
        self.assertEqual(result["error_kinds"]["missing"], 2)

    def test_what_was_due_on_a_connection_that_has_ended_is_missing_and_not_waited_for(self):
        for options in (("--rate", "100"), ()):  # the last message, too, is one of the second connection
            with self.subTest(options):
                numbers = itertools.count(1)

                def answer(opcode, payload):
                    return None if next(numbers) == 2 else frame(opcode, payload)

                result = self.errors_of(answer, "--connections", "2", "--messages", "20", *options)
                self.assertEqual(result["error_kinds"]["ended"], 1)
                self.assertGreater(result["error_kinds"]["missing"], 0)
                self.assertGreaterEqual(result["messages"], 10)
                if options:
                    self.assertEqual(result["messages"] + result["error_kinds"]["missing"], 20)


class CommandLine(unittest.TestCase):
    def test_what_makes_no_sense_is_exit_code_2(self):
        for arguments, about in (([], "URL"), (["--frobnicate"], "--frobnicate"), (["http://127.0.0.1"], "http://"),
                                 (["ws://127.0.0.1:1", "--rate", "1", "--pipeline", "2"], "--rate"),
                                 (["ws://127.0.0.1:99999"], "99999")):
            code, output, errors = run(*arguments)
            self.assertEqual((code, output), (2, ""), errors)
            self.assertRegex(errors, r"\Amote_load: [^\n]+\nmote_load --help lists the options\n\Z")
            self.assertIn(about, errors)

    def test_help_is_exit_code_0(self):
        code, output, errors = run("--help")
        self.assertEqual((code, errors), (0, ""))
        self.assertIn("--connections", output)

    def test_what_cannot_be_measured_is_exit_code_3(self):
        with socket.create_server(("127.0.0.1", 0)) as unused:
            free = unused.getsockname()[1]
        for arguments, about in ((["--connections", "3"], "refused"), (["--pid", "2147483647"], "2147483647"),
                                 (["--json", "/nonexistent/file"], "/nonexistent/file"),
                                 (["--report", "/nonexistent/file"], "/nonexistent/file")):
            code, output, errors = run(f"ws://127.0.0.1:{free}", *arguments)
            self.assertEqual((code, output), (3, ""), errors)
            self.assertRegex(errors, r"\Amote_load: [^\n]+\n\Z")
            self.assertIn(about, errors)


if __name__ == "__main__":
    harness.main()
