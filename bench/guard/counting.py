"""Counts what the echo server does for a message: instructions under valgrind's callgrind, system calls under strace.

Each count is of a server's whole life, and taken for few and for many messages: the difference is that of the messages
alone, without start-up, handshakes and end.
"""

import contextlib
import dataclasses
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "peers"))
import measuring
import servers
import workloads

LOAD_SECONDS = 60  # for the slowest of the runs, on a busy machine
REPORT_SECONDS = 10  # strace ends after the server
# A workload's letter, too: connections, opened one after the other, with one message each.
CONNECT = "connect"


class CountFailed(Exception):
    """There is no count; the text says why."""


@dataclasses.dataclass(frozen=True)
class Tool:
    """A program that runs another one, whose process keeps the id, and writes a report when that one ends."""
    name: str
    options: tuple  # of str; {report} stands for the report's file
    count: object  # str -> int: what the report says, None while it is incomplete
    yields: bool  # the server runs on the load's core, whenever the load has no more to send

    def command(self, report):
        return (self.name, *(option.replace("{report}", str(report)) for option in self.options))


def instructions_in(report):
    """Of a file of callgrind's, whose last line has the total."""
    total = re.search(r"^totals: (\d+)\n", report, re.MULTILINE)
    return int(total[1]) if total else None


def system_calls_in(report):
    """Of the table that strace prints with -c -U calls,name; its last line has the total."""
    total = re.search(r"^ *(\d+) total\n", report, re.MULTILINE)
    return int(total[1]) if total else None


# Under valgrind the server is so slow that the load is ahead of it in any case.
CALLGRIND = Tool("valgrind", ("-q", "--tool=callgrind", "--callgrind-out-file={report}"), instructions_in, False)
STRACE = Tool("strace", ("-D", "-f", "-c", "-U", "calls,name", "-o", "{report}"), system_calls_in, True)


@dataclasses.dataclass(frozen=True)
class Amounts:
    """Of messages in the two kinds of runs, and how often each is run."""
    few: int
    many: int
    runs: int


def load_options(letter, messages):
    """Of mote_load."""
    if letter == CONNECT:
        options = ["--connections", str(messages), "--concurrency", "1"]
    else:
        options = workloads.all_workloads()[letter].load_options()
    return [*options, "--messages", str(messages)]


def fewest(count, runs):
    """Of that many calls of `count`. A run that is disturbed does more: it copies, or asks the kernel, once more."""
    return min(count() for _ in range(runs))


def per_message(count, amounts):
    """`count(messages)` answers what one run of that many messages took."""
    few, many = (fewest(lambda: count(messages), amounts.runs) for messages in (amounts.few, amounts.many))
    return (many - few) / (amounts.many - amounts.few)


@contextlib.contextmanager
def yielding():
    """What is started meanwhile does not interrupt others on its core, but waits until they have nothing to do."""
    before = os.sched_getscheduler(0)
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    try:
        yield
    finally:
        os.sched_setscheduler(0, before, os.sched_param(0))


class Counter:
    """Counts with the programs of one folder."""

    def __init__(self, programs):
        self._load = programs / "mote_load"
        self._server = next(server for server in servers.known_servers(programs) if server.name == "mote")
        self._cores = measuring.choose_cores()

    def count(self, tool, letter, messages):
        """Of a server that echoes so many messages of a workload, from its start to its end."""
        with tempfile.TemporaryDirectory(prefix="mote-guard-") as folder:
            report = pathlib.Path(folder) / "report"
            server = self._start(tool, report)
            try:
                self._run_load(server.port, letter, messages)
            finally:
                server.stop()
            return read_report(tool, report)

    def _start(self, tool, report):
        command = (*tool.command(report), *self._server.command)
        core = self._cores.load if tool.yields else self._cores.server
        try:
            with measuring.on_core(core), yielding() if tool.yields else contextlib.nullcontext():
                return servers.RunningServer(dataclasses.replace(self._server, command=command))
        except (servers.Unavailable, OSError) as error:
            raise CountFailed(f"{tool.name}: {error}") from None

    def _run_load(self, port, letter, messages):
        command = [self._load, f"ws://127.0.0.1:{port}", *load_options(letter, messages), "--timeout", "30", "--quiet"]
        try:
            with measuring.on_core(self._cores.load):
                ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
                                       timeout=LOAD_SECONDS)
        except subprocess.TimeoutExpired:
            raise CountFailed(f"workload {letter}: the load did not end") from None
        except OSError as error:
            raise CountFailed(f"workload {letter}: {error}") from None
        if ended.returncode:
            raise CountFailed(f"workload {letter}: {ended.stderr.strip() or 'the load failed'}")


def read_report(tool, file):
    """What it says, as soon as it is complete."""
    deadline = time.monotonic() + REPORT_SECONDS
    while True:
        with contextlib.suppress(FileNotFoundError):
            count = tool.count(file.read_text(encoding="utf-8"))
            if count is not None:
                return count
        if time.monotonic() > deadline:
            raise CountFailed(f"{tool.name} left no report")
        time.sleep(0.01)  # between two looks, not in place of one
