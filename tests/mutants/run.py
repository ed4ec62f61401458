#!/usr/bin/env python3
"""Whether the tests notice a fault: each line of mutants.tsv is put into a copy of the tree, built, and tested.

    run.py [OPTION...] [PATTERN]     PATTERN: a regular expression; only mutants whose line it is found in
        --check       only that every line still fits the sources; so runs the test mutants.table
        --list        names the mutants
        --limit N     seconds that the tests of one mutant may take (60); one that hangs is caught
        --preset P    the preset of CMake with which the copy is built (release)

The copy is in build/mutants/tree and has a build folder of its own; the working tree is never changed. The columns of
the table: the file, the text that is replaced (once in that file), the text that replaces it, the test program, the
filter of its tests, and what would go wrong. build/mutants/results.tsv has what became of each.
"""

import argparse
import collections
import fcntl
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TABLE = pathlib.Path(__file__).with_name("mutants.tsv")
FOLDER = ROOT / "build" / "mutants"
TREE = FOLDER / "tree"
PROGRAMS = ("core_tests", "proto_tests", "net_tests", "allocation_tests", "evidence_tests")
HEADER = ["file", "old", "new", "program", "filter", "why"]
MOST_MEMORY = 8 * 1024**3  # of a test program: a mutant may ask for more and more

Mutant = collections.namedtuple("Mutant", HEADER)


class Mistake(Exception):
    """Something that a person has to correct."""


def read_table(text):
    lines = text.splitlines()
    if not lines or lines[0].split("\t") != HEADER:
        raise Mistake(f"the first line must name the columns: {' '.join(HEADER)}")
    mutants = []
    for number, line in enumerate(lines[1:], 2):
        cells = line.split("\t")
        if len(cells) != len(HEADER) or not all(cells[i] for i in (0, 1, 3, 4, 5)):
            raise Mistake(f"line {number}: {len(HEADER)} columns, of which only `new` may be empty")
        mutants.append(Mutant(*cells))
    return mutants


def mutated(mutant, text):
    """The file's text with the fault in it."""
    if text.count(mutant.old) != 1:
        raise Mistake(f"{mutant.file}: {text.count(mutant.old)} times, not once: {mutant.old}")
    if mutant.old == mutant.new:
        raise Mistake(f"{mutant.file}: nothing is changed: {mutant.old}")
    if mutant.program not in PROGRAMS:
        raise Mistake(f"{mutant.file}: unknown test program {mutant.program}")
    return text.replace(mutant.old, mutant.new)


def check(mutants):
    """Answers how many lines do not fit the sources any more."""
    wrong = 0
    for mutant in mutants:
        try:
            mutated(mutant, (ROOT / mutant.file).read_text(encoding="utf-8"))
        except (Mistake, OSError) as mistake:
            print(f"mutants.tsv: {mistake}")
            wrong += 1
    if len({(m.file, m.old, m.new) for m in mutants}) != len(mutants):
        print("mutants.tsv: a mutant is there twice")
        wrong += 1
    return wrong


def self_test():
    good = Mutant("a.cc", "x < 1", "x <= 1", "core_tests", "*", "off by one")
    assert mutated(good, "if (x < 1) y();") == "if (x <= 1) y();"
    for bad, text in ((good, "x < 1, x < 1"), (good, ""), (good._replace(new="x < 1"), "x < 1"),
                      (good._replace(program="a"), "x < 1")):
        try:
            mutated(bad, text)
        except Mistake:
            continue
        raise AssertionError(f"not found: {bad} in {text!r}")


# ---- The copy of the tree


def copy_tree():
    """Only what has changed is written, so that only that is built again."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                            check=True, capture_output=True, text=True).stdout
    names = {name for name in listed.split("\0") if name and (ROOT / name).is_file()}
    for name in names:
        source, target = ROOT / name, TREE / name
        if not target.is_file() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    for old in TREE.rglob("*"):
        name = old.relative_to(TREE)
        if name.parts[0] != "build" and old.is_file() and name.as_posix() not in names:
            old.unlink()


def configure(preset):
    parts = [f"-DMOTE_BUILD_{part}=OFF" for part in ("EXAMPLES", "BENCH", "LOAD", "PEERS")]
    subprocess.run(["cmake", "--preset", preset, "--log-level=WARNING", *parts], cwd=TREE, check=True,
                   stdout=subprocess.DEVNULL)


def build(preset, programs):
    return subprocess.run(["cmake", "--build", "--preset", preset, "--target", *programs], cwd=TREE,
                          capture_output=True, text=True)


# ---- The tests


def program_path(preset, name):
    return TREE / "build" / preset / "bin" / name


def run_tests(preset, program, tests, limit):
    """None where all pass, else what did not."""
    def limit_memory():
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    command = [program_path(preset, program), f"--gtest_filter={tests}", "--gtest_brief=1", "--gtest_fail_fast"]
    try:
        done = subprocess.run(command, cwd=FOLDER, capture_output=True, timeout=limit, preexec_fn=limit_memory)
    except subprocess.TimeoutExpired:
        return "does not end"
    if done.returncode == 0:
        return None
    failed = re.search(rb"\[  FAILED  \] ([\w./]+)", done.stdout)
    return failed[1].decode() if failed else f"exit status {done.returncode}"


def sure_of(preset, mutant, limit):
    """As run_tests; but one test that failed has to fail again, alone: some wait for a clock, and the machine is busy."""
    for _ in range(3):
        failed = run_tests(preset, mutant.program, mutant.filter, limit)
        if not failed or " " in failed or run_tests(preset, mutant.program, failed, limit):
            return failed
    return None


def prove_baseline(preset, mutants, limit):
    """Without a fault all of these tests pass, and each filter has some; else "caught" would mean nothing."""
    for program in sorted({m.program for m in mutants}):
        filters = sorted({m.filter for m in mutants if m.program == program})
        for tests in filters:
            listed = subprocess.run([program_path(preset, program), "--gtest_list_tests", f"--gtest_filter={tests}"],
                                    capture_output=True, text=True, check=True).stdout
            if not re.search(r"^  \S", listed, re.MULTILINE):
                raise Mistake(f"no test of {program} is named {tests}")
        failed = run_tests(preset, program, ":".join(filters), limit * len(filters))
        if failed:
            raise Mistake(f"without any fault {program} fails: {failed}")


def try_mutant(preset, mutant, limit):
    """What the tests said of it, None where they all passed."""
    file = TREE / mutant.file
    original = file.read_text(encoding="utf-8")
    file.write_text(mutated(mutant, original), encoding="utf-8")
    try:
        built = build(preset, [mutant.program])
        if built.returncode != 0:
            raise Mistake(f"does not compile: {mutant.file}: {mutant.new}\n{built.stdout[-2000:]}")
        return sure_of(preset, mutant, limit)
    finally:
        file.write_text(original, encoding="utf-8")


def note(mutant, outcome):
    with (FOLDER / "results.tsv").open("a", encoding="utf-8") as results:
        results.write("\t".join([time.strftime("%Y-%m-%d"), mutant.file, mutant.old, mutant.new, outcome]) + "\n")


def run(mutants, preset, limit):
    """Answers how many survived."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    lock = (FOLDER / "lock").open("w")  # held until the end of the process
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Mistake("another run is at it") from None
    copy_tree()
    configure(preset)
    programs = sorted({m.program for m in mutants})
    if (built := build(preset, programs)).returncode != 0:
        raise Mistake(built.stdout[-2000:])
    prove_baseline(preset, mutants, limit)
    survivors = []
    for number, mutant in enumerate(mutants, 1):
        caught_by = try_mutant(preset, mutant, limit)
        outcome = f"caught by {caught_by}" if caught_by else "SURVIVED"
        print(f"{number}/{len(mutants)} {mutant.file}: {mutant.old} -> {mutant.new or 'nothing'}: {outcome}", flush=True)
        note(mutant, outcome)
        if not caught_by:
            survivors.append(mutant)
    print(f"{len(mutants) - len(survivors)} of {len(mutants)} caught")
    for mutant in survivors:
        print(f"survived: {mutant.file}: {mutant.old} -> {mutant.new or 'nothing'}: {mutant.why}")
    return len(survivors)


def main():
    options = argparse.ArgumentParser(usage=__doc__)
    options.add_argument("pattern", nargs="?", default="")
    options.add_argument("--check", action="store_true")
    options.add_argument("--list", action="store_true")
    options.add_argument("--limit", type=int, default=60)
    options.add_argument("--preset", default="release")
    given = options.parse_args()
    self_test()
    mutants = read_table(TABLE.read_text(encoding="utf-8"))
    if check(mutants):
        return 1
    chosen = [m for m in mutants if re.search(given.pattern, "\t".join(m))]
    if given.check:
        return 0
    if given.list:
        print("\n".join(f"{m.file}: {m.old} -> {m.new or 'nothing'}: {m.why}" for m in chosen))
        return 0
    if not chosen:
        raise Mistake(f"no mutant has {given.pattern}")
    return 1 if run(chosen, given.preset, given.limit) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Mistake as mistake:
        sys.exit(f"mutants: {mistake}")
