#!/usr/bin/env python3
"""Which lines and branches of the library the tests run, and whether that is enough: the end of `./dev coverage`.

    report.py FILE [--missing]     FILE: what gcovr --json wrote; --missing: names each line that no test runs

Exit status 1 where a goal is not reached. Kernels that this machine cannot run do not count (see core/cpu.h), and
neither do branches that only an exception takes. excused.tsv has the lines that need not be run, each with the reason.
"""

import argparse
import collections
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EXCUSED = pathlib.Path(__file__).with_name("excused.tsv")

# Folder -> least share of lines and of branches, in percent; None: shown only.
GOALS = {"core": (95, None), "proto": (100, 95), "net": (95, None), "include": (95, None)}
KERNELS = re.compile(r"core/(utf8_\w+\.(cc|inc)|unmask\.\w+|cpu\.h)$")


class Share:
    def __init__(self, run=0, all_=0):
        self.run, self.all = run, all_

    def add(self, run):
        self.run += bool(run)
        self.all += 1

    def __str__(self):
        return f"{self.run:6}/{self.all:<6} {self.percent():6.2f} %"

    def percent(self):
        return 100 * self.run / self.all if self.all else 100


def read_excuses(text):
    """(file, line without its indentation) -> reason."""
    excuses = {}
    for line in text.splitlines()[1:]:
        file, code, reason = line.split("\t")
        excuses[file, code] = reason
    return excuses


def measure(report, text_of, excuses):
    """Answers {folder: (lines, branches)}, the lines that no test runs, and the excuses that excused something."""
    shares = {folder: (Share(), Share()) for folder in GOALS}
    missing, used = [], set()
    for file in report["files"]:
        name = file["file"]
        folder = name.split("/")[0]
        if folder not in GOALS or KERNELS.match(name):
            continue
        sources = text_of(name).splitlines()
        for line in merged(file["lines"]):
            code = sources[line["line_number"] - 1].strip()
            if line["count"] == 0 and (name, code) in excuses:
                used.add((name, code))
                continue
            shares[folder][0].add(line["count"])
            if line["count"] == 0:
                missing.append(f"{name}:{line['line_number']}: {code}")
            for branch in line["branches"]:
                if not branch["throw"]:
                    shares[folder][1].add(branch["count"])
    return shares, missing, used


def merged(lines):
    """One entry a line: templates and inline functions may have several."""
    by_number = collections.OrderedDict()
    for line in lines:
        if line.get("gcovr/noncode"):
            continue
        known = by_number.setdefault(line["line_number"], {"line_number": line["line_number"], "count": 0,
                                                           "branches": []})
        known["count"] += line["count"]
        known["branches"] += line["branches"]
    return by_number.values()


def judge(shares):
    """What is below its goal."""
    below = []
    for folder, goals in GOALS.items():
        for what, share, goal in zip(("lines", "branches"), shares[folder], goals):
            if goal is not None and share.percent() < goal:
                below.append(f"{folder}: {share.percent():.2f} % of {what}, and not {goal} %")
    return below


def self_test():
    line = {"line_number": 1, "count": 0, "branches": [{"count": 1, "throw": False}, {"count": 0, "throw": True}]}
    report = {"files": [{"file": "proto/a.cc", "lines": [line]}]}
    shares, missing, _ = measure(report, lambda _: "  x();\n", {})
    assert missing == ["proto/a.cc:1: x();"] and judge(shares) == ["proto: 0.00 % of lines, and not 100 %"]
    assert shares["proto"][1].percent() == 100
    shares, missing, used = measure(report, lambda _: "  x();\n", {("proto/a.cc", "x();"): "why"})
    assert not missing and not judge(shares) and used == {("proto/a.cc", "x();")}


def main():
    options = argparse.ArgumentParser(usage=__doc__)
    options.add_argument("file", type=pathlib.Path)
    options.add_argument("--missing", action="store_true")
    given = options.parse_args()
    self_test()
    excuses = read_excuses(EXCUSED.read_text(encoding="utf-8"))
    shares, missing, used = measure(json.loads(given.file.read_text()),
                                    lambda name: (ROOT / name).read_text(encoding="utf-8"), excuses)
    print("            lines                    branches")
    for folder, (lines, branches) in shares.items():
        print(f"{folder:8} {lines}   {branches}")
    print(f"{len(missing)} lines that no test runs, {len(used)} that need not be (tests/coverage/excused.tsv)")
    if given.missing:
        print("\n".join(missing))
    for file, code in sorted(excuses.keys() - used):
        print(f"tests/coverage/excused.tsv: run by a test, or not there any more: {file}: {code}")
    below = judge(shares)
    print("\n".join(below))
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
