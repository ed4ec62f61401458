#!/usr/bin/env python3
"""Whatever the library asks of the system is made to fail by `faults`, or excused for a reason.

What libmote.a leaves undefined and the C library defines, or the C++ library where that starts threads, locks, reads the
clock or opens files, must stand in wrapped_symbols.txt or in excused_symbols.tsv.
"""

import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
# Of the C++ library's, those that come down to system calls.
OF_STD = re.compile(r"_ZNK?St\w*?(6thread|7jthread|chrono|10filesystem|basic_\w*file|fstream|13random_device"
                    r"|18condition_variable|5mutex|6locale|this_thread)")
# Tables of virtual functions, names of types.
NO_CALLS = re.compile(r"_ZT[VIS]")


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def symbols(text, kinds):
    """Of nm's lines those of these kinds, without versions."""
    found = set()
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 2 and words[-2] in kinds:
            found.add(words[-1].split("@")[0])
    return found


def c_library(program):
    """All that the C library's shared objects define, as the program is linked with them."""
    defined = set()
    for path in re.findall(r"=> (\S*/lib(?:c|m|pthread)\.so\S*)", output_of("ldd", str(program))):
        defined |= symbols(output_of("nm", "-D", "--defined-only", path), set("TtWwiBbDdVuR"))
    return defined


def needed(library, program):
    undefined = symbols(output_of("nm", "-u", str(library)), {"U", "w"})
    of_c = undefined & c_library(program)
    return {name for name in of_c | set(filter(OF_STD.match, undefined)) if not NO_CALLS.match(name)}


def listed():
    wrapped = (HERE / "wrapped_symbols.txt").read_text().split()
    excused = dict(line.split("\t") for line in (HERE / "excused_symbols.tsv").read_text().splitlines()[1:])
    return set(wrapped), excused


def faults_in(names, wrapped, excused):
    """What is wrong with the lists, given what the library needs."""
    for name in sorted(names - wrapped - set(excused)):
        yield f"{name}: the library calls it; neither wrapped_symbols.txt nor excused_symbols.tsv has it"
    for name in sorted(set(excused) & wrapped):
        yield f"{name}: is in both lists"
    for name, why in sorted(excused.items()):
        if not why.strip():
            yield f"{name}: is excused without a reason"


def self_test():
    assert list(faults_in({"recv", "splice"}, {"recv"}, {})), "a call that nobody knows is not found"
    assert list(faults_in(set(), {"recv"}, {"recv": "because"})), "one in both lists is not found"
    assert list(faults_in(set(), set(), {"recv": " "})), "a missing reason is not found"
    assert not list(faults_in({"recv", "time"}, {"recv"}, {"time": "cannot fail"}))
    for name in ("_ZNSt6thread4joinEv", "_ZNSt6chrono3_V212system_clock3nowEv", "_ZNSt13random_device9_M_getvalEv",
                 "_ZNSt10filesystem6removeERKNS_7__cxx114pathE"):
        assert OF_STD.match(name), name
    for name in ("_ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE9_M_appendEPKcm", "_ZSt9terminatev"):
        assert not OF_STD.match(name), name


def main(programs):
    self_test()
    folder = pathlib.Path(programs)
    names = needed(folder.parent / "libmote.a", folder / "faults")
    wrapped, excused = listed()
    wrong = list(faults_in(names, wrapped, excused))
    if "recv" not in names:
        wrong.append("libmote.a does not need recv: it was not read")
    print("\n".join(wrong) or f"{len(names)} symbols, {len(names & wrapped)} of them made to fail, the others excused")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
