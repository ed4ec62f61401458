"""What the tests in Python share: the programs of a build, each running for one test, and patience.

A test is run as `python3 NAME_test.py FOLDER_OF_THE_PROGRAMS [UNITTEST_ARGUMENT...]`.
"""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

# For every wait; each ends as soon as what it waits for is there. A server under a sanitizer, on a machine that is busy
# with other tests, may be ten times slower than usual.
PATIENCE_SECONDS = 40

SANITIZER_REPORT = re.compile(r"(Address|Leak|Thread|Memory)Sanitizer|runtime error:|UndefinedBehavior")

programs = pathlib.Path(__file__).resolve().parent.parent.parent / "build/release/bin"


def main():
    """Takes the programs' folder from the command line and runs the tests of the module that is run."""
    global programs
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        programs = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)


def eventually(condition, what):
    """Waits until `condition()` answers something true, and answers that."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {PATIENCE_SECONDS} s: {what}")
        time.sleep(0.005)  # between two looks, not in place of one


def is_alive(pid):
    """Whether there is a process with that number."""
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    return True


class CommandTest(unittest.TestCase):
    """For tests of programs that run and end."""

    def start(self, command, **options):
        """A subprocess.Popen with its output piped; it does not outlive the test."""
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   encoding="utf-8", **options)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def finish(self, process):
        """Exit code, standard output and standard error."""
        output, log = process.communicate(timeout=PATIENCE_SECONDS)
        return process.returncode, output, log


class Process:
    """A program, of the build unless its name is a path, with its output line by line."""

    def __init__(self, name, *arguments, under=(), **options):
        self.name = pathlib.Path(name).name
        self.lines = []  # of its standard output
        self._log_file = tempfile.NamedTemporaryFile(prefix=f"{self.name}-", suffix=".log")
        self._news = threading.Condition()
        self._output_ended = False
        self._signalled = False
        self._process = subprocess.Popen([*under, programs / name, *arguments], stdout=subprocess.PIPE,
                                         stderr=self._log_file, encoding="utf-8", errors="replace", **options)
        self._reader = threading.Thread(target=self._read_output, daemon=True)
        self._reader.start()

    def _read_output(self):
        for line in self._process.stdout:
            with self._news:
                self.lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._output_ended = True
            self._news.notify_all()

    def wait_for_line(self, pattern, begin=0):
        """The match of `pattern` in the first line of standard output, from number `begin` on, that has one."""
        def look():
            return next((found for line in self.lines[begin:] if (found := re.search(pattern, line))), None)

        with self._news:
            self._news.wait_for(lambda: look() or self._output_ended, PATIENCE_SECONDS)
            found = look()
        if not found:
            raise AssertionError(f'{self.name}: no line "{pattern}" in {self.lines}; its log: {self.log()}')
        return found

    @property
    def pid(self):
        return self._process.pid

    def log(self):
        """What it has written to standard error so far."""
        return pathlib.Path(self._log_file.name).read_text(encoding="utf-8", errors="replace")

    def is_running(self):
        return self._process.poll() is None

    def signal(self, number=signal.SIGTERM):
        self._signalled = True
        self._process.send_signal(number)

    def wait(self):
        """Its exit code; kills it where it does not end."""
        try:
            return self._process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end; its log: {self.log()}") from None
        finally:
            self.kill()

    def kill(self):
        if self.is_running():
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._process.stdout.close()

    def ended(self):
        """Waits for its end, and checks that no sanitizer has reported anything; its exit code."""
        code = self.wait()
        log = self.log()
        if SANITIZER_REPORT.search(log):
            raise AssertionError(f"{self.name} ended with exit code {code}; its log: {log}")
        return code


class Program(Process):
    """A server, from its greeting until it has ended on SIGTERM with exit code 0."""

    def __init__(self, name, *arguments, **options):
        super().__init__(name, *arguments, **options)
        try:
            address = self.wait_for_line(r"(?:ws|http)(s?)://127\.0\.0\.1:(\d+)")
        except BaseException:
            self.kill()
            raise
        self.greeting = self.lines[0]
        self.secure = address[1]
        self.port = int(address[2])

    def url(self, path="", scheme="ws"):
        """With the "s" of wss or https where it speaks TLS."""
        return f"{scheme}{self.secure}://127.0.0.1:{self.port}{path}"

    def crash(self):
        """Ends it with SIGKILL; how it ended is not checked then."""
        self.kill()
        self._log_file.close()

    def stop(self):
        """Ends it, where it was not told to yet, and checks how it did; once."""
        if self._log_file.closed:
            return
        if not self._signalled and self.is_running():
            self.signal()
        code = self.ended()
        log = self.log()
        self._log_file.close()
        if code != 0:
            raise AssertionError(f"{self.name} ended with exit code {code}; its log: {log}")


class Client(Process):
    """A client with what is typed into it; killed where it has not ended when the test does."""

    def __init__(self, name, *arguments, **options):
        super().__init__(name, *arguments, stdin=subprocess.PIPE, **options)

    def type(self, line):
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def end_input(self):
        with contextlib.suppress(BrokenPipeError):  # it has ended
            self._process.stdin.close()

    def stop(self):
        self.kill()
        self.end_input()
        self._log_file.close()


class Programs:
    """For a TestCase: starts programs that are stopped and checked when the test ends."""

    def start(self, name, *arguments, **options):
        program = Program(name, *arguments, **options)
        self.addCleanup(program.stop)
        return program

    def start_client(self, name, *arguments, **options):
        client = Client(name, *arguments, **options)
        self.addCleanup(client.stop)
        return client


class Certificates:
    """For a TestCase: what make_certificates makes, for all tests of the class."""

    @classmethod
    def setUpClass(cls):
        cls.certificates = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="mote-certificates-")))
        subprocess.run([programs / "make_certificates", cls.certificates], check=True, timeout=PATIENCE_SECONDS)
        cls.root = str(cls.certificates / "root.pem")
        super().setUpClass()

    @classmethod
    def identity(cls, name="server"):
        """The files of that certificate and its key."""
        return str(cls.certificates / f"{name}.pem"), str(cls.certificates / f"{name}.key")

    def start_tls(self, name, *options, certificate="server"):
        """A server of the build over TLS."""
        chain, key = self.identity(certificate)
        files = ("--certificate", chain, "--key", key) if name == "echo_server" else (chain, key)
        return self.start(name, "wss://127.0.0.1:0", *files, *options)
