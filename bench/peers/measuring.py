"""Interleaved rounds: in each, every workload of every server in turn, server and load on a core each."""

import contextlib
import dataclasses
import json
import os
import pathlib
import subprocess

CONNECT_SECONDS = 60  # for the load to open its connections and to close them, on a busy machine
VERIFY_SECONDS = 0.3


class LoadFailed(Exception):
    """A measurement came to nothing; the text says why."""


@dataclasses.dataclass(frozen=True)
class Sample:
    """One server at one workload in one round."""
    messages_per_second: float
    user_ns: float  # of the server's CPU time, for each message
    system_ns: float
    p50_ns: float  # from sending a message to having read its echo
    p99_ns: float
    resident_bytes: int  # of the server

    @property
    def cpu_ns(self):
        return self.user_ns + self.system_ns


def run_load(program, workload, server, seconds, warmup, verify):
    """One run of mote_load. `verify`: every byte of every echo."""
    options = [*workload.load_options(), "--duration", str(seconds), "--warmup", str(warmup), "--pid", str(server.pid)]
    command = [program, f"ws://127.0.0.1:{server.port}", *options, *(["--verify"] if verify else []), "--quiet", "--json", "-"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               encoding="utf-8")
    with process:
        try:
            output, log = process.communicate(timeout=seconds + warmup + CONNECT_SECONDS)
        except subprocess.TimeoutExpired:
            raise LoadFailed("the load did not end") from None
        finally:  # also on Ctrl-C
            process.kill()
            process.wait()
    try:
        return read_sample(json.loads(output))
    except (ValueError, KeyError, TypeError):
        raise LoadFailed(log.strip() or f"the load ended with exit code {process.returncode}") from None


def read_sample(result):
    """From what mote_load prints."""
    if result["errors"]:
        raise LoadFailed(", ".join(f"{count} x {text}" for text, count in result["error_texts"].items()))
    if not result["messages"]:
        raise LoadFailed("no message came back")
    return Sample(
        messages_per_second=result["messages_per_second"],
        user_ns=result["server"]["user_ns_per_message"],
        system_ns=result["server"]["system_ns_per_message"],
        p50_ns=result["latency_ns"]["p50"],
        p99_ns=result["latency_ns"]["p99"],
        resident_bytes=result["server"]["resident_bytes_end"])


@dataclasses.dataclass(frozen=True)
class Cores:
    server: int
    load: int

    @property
    def are_two(self):
        return self.server != self.load


def choose_cores():
    """Of those that this process may use, the first for the server; for the load one that shares nothing with it."""
    cores = sorted(os.sched_getaffinity(0))
    siblings = pathlib.Path(f"/sys/devices/system/cpu/cpu{cores[0]}/topology/core_cpus_list")
    shared = parse_cores(siblings.read_text()) if siblings.exists() else set()
    others = [core for core in cores[1:] if core not in shared] or cores[1:] or cores
    return Cores(cores[0], others[0])


def parse_cores(text):
    """From the kernel's notation: "0-2,6" is 0, 1, 2 and 6."""
    cores = set()
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        cores |= set(range(int(first), int(last or first) + 1))
    return cores


@contextlib.contextmanager
def on_core(core):
    """What is started meanwhile runs there, for good."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def rotated(items, by):
    """So that no server always follows the same other one."""
    by %= max(1, len(items))
    return [*items[by:], *items[:by]]


class Measurement:
    """The samples of all rounds. A server that fails at a workload is not asked for it again."""

    def __init__(self, servers, workloads, load, say):
        """`load(workload, server, verify)` answers a Sample or raises LoadFailed; `say` prints a line."""
        self.samples = {}  # (workload's letter, server's name) -> list of Sample
        self.failures = {}  # the same -> why
        self._servers = servers
        self._workloads = workloads
        self._load = load
        self._say = say

    def check(self):
        """Has every server prove that it echoes each workload byte for byte, which also warms it up."""
        for workload in self._workloads:
            for server in self._servers:
                self._attempt(workload, server, verify=True)

    def round(self, number):
        """One sample of each; the servers' order differs from round to round and from workload to workload."""
        for at, workload in enumerate(self._workloads):
            for server in rotated(self._servers, number + at):
                sample = self._attempt(workload, server, verify=False)
                if sample:
                    self.samples.setdefault((workload.letter, server.name), []).append(sample)

    def _attempt(self, workload, server, verify):
        where = (workload.letter, server.name)
        if where in self.failures:
            return None
        try:
            if not server.is_running():
                raise LoadFailed("the server has ended")
            return self._load(workload, server, verify)
        except LoadFailed as failure:
            self.failures[where] = str(failure)
            self.samples.pop(where, None)
            self._say(f"{server.name} is left out of workload {workload.letter}: {failure}")
            return None
