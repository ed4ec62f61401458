#!/usr/bin/env python3
"""Sets mote beside other echo servers, on this machine, and writes table.md, table.json and plot.svg.

    compare.py [--rounds N] [--seconds S] [--workloads a,b] [--servers mote,floor] [--server NAME=COMMAND] [--output DIR]

Absolute times change from machine to machine and from hour to hour; compare ratios within one run. No TLS and no
compression; each server has one thread, and its library's own defaults for what it checks. libwebsockets does not check
UTF-8 by default, and the floor checks nothing.
"""

import argparse
import contextlib
import datetime
import json
import math
import pathlib
import platform
import re
import signal
import subprocess
import sys

import measuring
import plot
import servers
import table
import workloads

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WARMUP_SECONDS = 0.5


def say(line):
    print(f"== {line}", file=sys.stderr, flush=True)


def positive(kind):
    def parse(text):
        value = kind(text)
        if not 0 < value < math.inf:
            raise ValueError
        return value
    parse.__name__ = f"{kind.__name__} above 0"
    return parse


def names(text):
    return [name for name in text.split(",") if name]


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(prog="compare.py", description="Sets mote beside other echo servers.")
    parser.add_argument("--rounds", type=positive(int), default=7, help="of all workloads and servers (7)")
    parser.add_argument("--seconds", type=positive(float), default=3, help="of one measurement (3)")
    parser.add_argument("--workloads", type=names, metavar="a,b", help="some of them, by letter")
    parser.add_argument("--servers", type=names, metavar="mote,floor", help="some of them, by name")
    parser.add_argument("--server", action="append", default=[], metavar="NAME=COMMAND",
                        help="one more, started with this command, in which {port} is its port on 127.0.0.1")
    parser.add_argument("--programs", type=pathlib.Path, default=ROOT / "build/release/bin", metavar="DIR",
                        help="where the built programs are (build/release/bin)")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "build/bench-peers", metavar="DIR",
                        help="for the files that it writes (build/bench-peers)")
    chosen = parser.parse_args(arguments)
    try:
        chosen.servers = pick("server", {server.name: server for server in servers.known_servers(chosen.programs)},
                              chosen.servers)
        chosen.servers += [servers.other_server(text) for text in chosen.server]
        chosen.workloads = pick("workload", workloads.all_workloads(), chosen.workloads)
        if len({server.name for server in chosen.servers}) < len(chosen.servers):
            raise ValueError("two servers have the same name")
    except ValueError as error:
        parser.error(str(error))
    return chosen


def pick(what, known, chosen):
    """Those, or all; in the order of the known ones."""
    for name in chosen or ():
        if name not in known:
            raise ValueError(f'no {what} "{name}"; there are {", ".join(known)}')
    return [entry for name, entry in known.items() if chosen is None or name in chosen]


def start_servers(chosen, core, lives):
    """Those that can be had, each in the ExitStack `lives`."""
    running = []
    for server in chosen:
        try:
            with measuring.on_core(core):
                started = servers.RunningServer(server)
        except (servers.Unavailable, OSError) as error:
            say(f"{server.name} is left out: {error}")
            continue
        lives.callback(started.stop)
        running.append(started)
    return running


def commit():
    """Of this tree; empty where it is none of git's, or git is missing."""
    try:
        return subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], stdin=subprocess.DEVNULL,
                              capture_output=True, encoding="utf-8").stdout.strip()
    except FileNotFoundError:
        return ""


def about(chosen, running, cores, rounds):
    """What a reader must know to compare the figures with others."""
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    pinned = (f"server on core {cores.server}, load on core {cores.load}" if cores.are_two
              else "server and load share the only core")
    libraries = {server.name: server.library() for server in running} | {"mote": commit()}
    return {
        "machine": f"{cpu[1] if cpu else platform.machine()}, Linux {platform.release()}, {pinned}",
        "when": f"{datetime.date.today()}, {rounds} interleaved {'round' if rounds == 1 else 'rounds'} of {chosen.seconds:g} s, medians",
        "versions": ", ".join(f"{server.name} ({libraries[server.name]})" if libraries[server.name] else server.name
                              for server in running),
        "without": "TLS and compression; the floor checks nothing, libwebsockets by default no UTF-8",
    }


def measure(chosen, running, cores):
    """The table.Results, and whether they are of all rounds: Ctrl-C ends them early."""
    program = chosen.programs / "mote_load"

    def load(workload, server, verify):
        seconds, warmup = (measuring.VERIFY_SECONDS, 0.1) if verify else (chosen.seconds, WARMUP_SECONDS)
        with measuring.on_core(cores.load):
            return measuring.run_load(program, workload, server, seconds, warmup, verify)

    measurement = measuring.Measurement(running, chosen.workloads, load, say)
    complete = False
    try:
        say("each server proves that it echoes every byte")
        measurement.check()
        for number in range(chosen.rounds):
            say(f"round {number + 1} of {chosen.rounds}")
            measurement.round(number)
        complete = True
    except KeyboardInterrupt:
        say("interrupted: the tables have what was measured before")
    rounds = max(map(len, measurement.samples.values()), default=0)
    return table.Results(about(chosen, running, cores, rounds), chosen.workloads,
                         [server.name for server in running], measurement.samples), complete


def write(results, folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "table.md").write_text(table.markdown(results), encoding="utf-8")
    (folder / "table.json").write_text(json.dumps(table.as_data(results), indent=1) + "\n", encoding="utf-8")
    (folder / "plot.svg").write_text(plot.svg(results), encoding="utf-8")
    say(f"written: {folder}/table.md, table.json, plot.svg")


def end_on_signal(_number, _frame):
    raise SystemExit(1)


def main(arguments):
    chosen = parse_arguments(arguments)
    if not (chosen.programs / "mote_load").exists():
        say(f"there is no {chosen.programs / 'mote_load'}: build with MOTE_BUILD_LOAD")
        return 2
    signal.signal(signal.SIGTERM, end_on_signal)  # so that the servers are stopped then, too
    cores = measuring.choose_cores()
    if not cores.are_two:
        say("this machine has one core for server and load: they disturb each other")
    with contextlib.ExitStack() as lives:
        running = start_servers(chosen.servers, cores.server, lives)
        results, complete = measure(chosen, running, cores)
    if not results.samples:
        say("nothing was measured")
        return 1
    print(table.markdown(results))
    write(results, chosen.output)
    return 0 if complete else 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
