"""Compares what echo_server does for a message with the committed table, figures.tsv: instructions and system calls.

  /usr/bin/python3 -B bench/guard/check.py [--workloads a,b] [--programs DIR] [--write]

Counts, not times: they are the same on a busy machine. Exit code: 0 where all are within the tolerance or this machine
cannot tell, 1 where one is not (a better one, too, so that the table stays true), 2 where nothing could be counted.
"""

import argparse
import dataclasses
import os
import pathlib
import re
import shutil
import signal
import sys

import counting
import figures

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TABLE = ROOT / "bench/guard/figures.tsv"


@dataclasses.dataclass(frozen=True)
class Plan:
    """How a workload is counted. The tolerances are in per cent, and more than what repetitions differ by."""
    instructions: counting.Amounts
    system_calls: counting.Amounts
    instructions_tolerance: float = 3
    system_calls_tolerance: float = 3


PLANS = {
    "a": Plan(counting.Amounts(2_000, 22_000, 2), counting.Amounts(2_000, 12_000, 3)),
    "b": Plan(counting.Amounts(5_000, 50_000, 2), counting.Amounts(5_000, 50_000, 3)),
    "c16": Plan(counting.Amounts(4_000, 30_000, 2), counting.Amounts(4_000, 30_000, 3)),
    # How many of the four messages in flight come with one read differs a little.
    "d": Plan(counting.Amounts(500, 13_000, 3), counting.Amounts(500, 3_000, 3), 6, 10),
    "j": Plan(counting.Amounts(500, 2_000, 3), counting.Amounts(500, 3_000, 3), 3, 10),
    # How much of a message has come when the server looks decides how much of it is copied, and how many reads it takes:
    # repetitions differ by up to 20 % and, on a busy machine, by one or two reads. Five reads, as it once took, are seen.
    "e": Plan(counting.Amounts(8, 200, 7), counting.Amounts(8, 200, 5), 25, 40),
    counting.CONNECT: Plan(counting.Amounts(50, 800, 2), counting.Amounts(50, 800, 2)),
}


def say(line):
    print(f"== {line}", file=sys.stderr, flush=True)


def letters(text):
    chosen = [letter for letter in text.split(",") if letter]
    for letter in chosen:
        if letter not in PLANS:
            raise argparse.ArgumentTypeError(f'no workload "{letter}"; there are {", ".join(PLANS)}')
    return [letter for letter in PLANS if letter in chosen]


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(prog="check.py", description="Compares counts for each message with figures.tsv.")
    parser.add_argument("--workloads", type=letters, default=list(PLANS), metavar="a,b", help="some of them, by letter")
    parser.add_argument("--programs", type=pathlib.Path, default=ROOT / "build/release/bin", metavar="DIR",
                        help="where the built programs are (build/release/bin)")
    parser.add_argument("--table", type=pathlib.Path, default=TABLE, metavar="FILE", help="another one (figures.tsv)")
    parser.add_argument("--write", action="store_true", help="rewrite the table's rows instead of comparing with them")
    return parser.parse_args(arguments)


def has_avx2(cpu_info):
    """Of /proc/cpuinfo: valgrind then has it too, and takes the kernels for it."""
    flags = re.search(r"^flags\s*:(.*)$", cpu_info, re.MULTILINE)
    return flags is not None and "avx2" in flags[1].split()


def compiler_of(program):
    """Which left its name in the bytes of a program."""
    clang = re.search(rb"clang version (\d+)", program)
    gcc = re.search(rb"GCC: \([^)]*\) (\d+)", program)
    return f"clang++ {clang[1].decode()}" if clang else f"g++ {gcc[1].decode()}" if gcc else "an unknown compiler"


def platform_of(programs):
    """What the figures depend on, beside the sources."""
    compiler = compiler_of((programs / "echo_server").read_bytes())
    return f"the AVX2 kernels (valgrind has no AVX-512), {compiler}, {os.confstr('CS_GNU_LIBC_VERSION')}"


def count(counter, letter):
    """The figures.Figures of a workload."""
    plan = PLANS[letter]
    return figures.Figures(*(
        counting.per_message(lambda messages: counter.count(tool, letter, messages), amounts)
        for tool, amounts in ((counting.CALLGRIND, plan.instructions), (counting.STRACE, plan.system_calls))))


def verdicts(measured, committed):
    """Two for each workload; both arguments: letter -> figures.Figures."""
    for letter, row in measured.items():
        plan, old = PLANS[letter], committed.get(letter)
        yield figures.Verdict(letter, "instructions", row.instructions, old and old.instructions,
                              plan.instructions_tolerance)
        yield figures.Verdict(letter, "system calls", row.system_calls, old and old.system_calls,
                              plan.system_calls_tolerance)


def compare(measured, committed, platform):
    """Prints the comparison. The exit code."""
    found = list(verdicts(measured, committed.rows))
    print(*figures.lines(found), sep="\n", flush=True)
    if committed.platform != platform:
        say(f"the table is for {committed.platform}; these are for {platform}")
    if all(verdict.is_good for verdict in found):
        return 0
    say("where that is meant to be so: ./dev bench check --write, and commit bench/guard/figures.tsv")
    return 1


def missing(programs):
    """The first thing without which nothing can be counted; None where all is there."""
    for tool in (counting.CALLGRIND, counting.STRACE):
        if not shutil.which(tool.name):
            return f"there is no {tool.name}: install Debian's package {tool.name}"
    for name in ("echo_server", "mote_load"):
        if not (programs / name).exists():
            return f"there is no {programs / name}: build with MOTE_BUILD_EXAMPLES and MOTE_BUILD_LOAD"
    return None


def end_on_signal(_number, _frame):
    raise KeyboardInterrupt


def check(chosen):
    """The exit code."""
    committed = figures.from_text(chosen.table.read_text(encoding="utf-8")) if chosen.table.exists() else None
    if committed is None and not chosen.write:
        raise counting.CountFailed(f"there is no {chosen.table}: --write makes one")
    counter = counting.Counter(chosen.programs)
    measured = {}
    for letter in chosen.workloads:
        say(f"workload {letter}")
        measured[letter] = count(counter, letter)
    platform = platform_of(chosen.programs)
    if not chosen.write:
        return compare(measured, committed, platform)
    rows = {**(committed.rows if committed else {}), **measured}
    table = figures.Table(platform, {letter: rows[letter] for letter in PLANS if letter in rows})
    chosen.table.write_text(figures.to_text(table), encoding="utf-8")
    print(figures.to_text(table), end="")
    return 0


def main(arguments):
    chosen = parse_arguments(arguments)
    if not has_avx2(pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")):
        say("skipped: this machine has no AVX2, for which the table is")
        return 0
    why_not = missing(chosen.programs)
    if why_not:
        say(why_not)
        return 2
    signal.signal(signal.SIGTERM, end_on_signal)  # so that server and load are stopped then, too
    try:
        return check(chosen)
    except (counting.CountFailed, figures.BadTable) as failure:
        say(str(failure))
        return 2
    except KeyboardInterrupt:
        say("interrupted")
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
