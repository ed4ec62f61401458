"""bench/guard/check.py: how it reads the counts, on which differences it fails, and that it leaves nothing running.

Its tools, its server and its load are small stand-ins here, so that the counts are known.
"""

import itertools
import os
import pathlib
import re
import signal
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "bench/guard"), str(ROOT / "bench/peers")]
import check
import counting
import figures
import harness
import workloads

CALLGRIND_REPORT = """\
# callgrind format
version: 1
creator: callgrind-3.19.0
cmd:  echo_server ws://127.0.0.1:1 --quiet
part: 1
desc: I1 cache:
positions: line
events: Ir
summary: 13446694

fn=(1) totals
16 3
totals: 13446693
"""

STRACE_REPORT = """\
    calls syscall
--------- ----------------
     2128 sendto
      128 recvfrom
       39 epoll_wait
--------- ----------------
     2295 total
"""


class Reports(unittest.TestCase):
    def test_the_instructions_are_callgrinds_totals(self):
        self.assertEqual(counting.instructions_in(CALLGRIND_REPORT), 13446693)

    def test_the_system_calls_are_the_total_of_straces_table(self):
        self.assertEqual(counting.system_calls_in(STRACE_REPORT), 2295)

    def test_a_report_that_is_not_complete_says_nothing(self):
        for read, report in ((counting.instructions_in, CALLGRIND_REPORT), (counting.system_calls_in, STRACE_REPORT)):
            for length in range(len(report)):
                self.assertIsNone(read(report[:length]), report[:length])

    def test_a_tool_is_told_where_its_report_goes(self):
        self.assertIn("--callgrind-out-file=/there", counting.CALLGRIND.command("/there"))
        self.assertEqual(counting.STRACE.command("/there")[-2:], ("-o", "/there"))


class Counts(unittest.TestCase):
    def test_what_does_not_grow_with_the_messages_cancels(self):
        found = counting.per_message(lambda messages: 13_000_000 + 7 * messages, counting.Amounts(10, 110, 1))
        self.assertEqual(found, 7)

    def test_disturbed_runs_do_not_count(self):
        disturbance = itertools.cycle([900, 0, 50])
        found = counting.per_message(lambda messages: 5 * messages + next(disturbance), counting.Amounts(10, 110, 3))
        self.assertEqual(found, 5)

    def test_even_few_messages_are_some_for_each_connection_of_the_workload(self):
        for letter, plan in check.PLANS.items():
            for amounts in (plan.instructions, plan.system_calls):
                self.assertGreater(amounts.many, amounts.few, letter)
                if letter != counting.CONNECT:
                    self.assertGreater(amounts.few, workloads.all_workloads()[letter].connections, letter)

    def test_connections_are_as_many_as_messages(self):
        self.assertEqual(counting.load_options(counting.CONNECT, 50),
                         ["--connections", "50", "--concurrency", "1", "--messages", "50"])


class Verdicts(unittest.TestCase):
    def verdict(self, measured, committed=1000.0, tolerance=3):
        return figures.Verdict("a", "instructions", measured, committed, tolerance)

    def test_both_sides_of_the_tolerance(self):
        for measured, text in ((1000, "good"), (1029, "good"), (971, "good"), (1031, "worse by more than 3 %"),
                               (969, "better by more than 3 %"), (5000, "worse by more than 3 %"),
                               (0, "better by more than 3 %")):
            verdict = self.verdict(measured)
            self.assertEqual(verdict.text, text, measured)
            self.assertEqual(verdict.is_good, text == "good", measured)

    def test_a_workload_has_its_own_tolerance(self):
        self.assertTrue(self.verdict(1090, tolerance=10).is_good)
        self.assertFalse(self.verdict(1110, tolerance=10).is_good)

    def test_what_the_table_does_not_have_is_not_good(self):
        verdict = self.verdict(1000, None)
        self.assertFalse(verdict.is_good)
        self.assertEqual(verdict.text, "not in the table")
        self.assertIn("–", figures.lines([verdict])[1])

    def test_each_workload_has_one_for_each_of_its_figures(self):
        measured = {"a": figures.Figures(510, 2), "b": figures.Figures(100, 0.07)}
        committed = {"a": figures.Figures(500, 2.5)}
        found = [(verdict.letter, verdict.what, verdict.text) for verdict in check.verdicts(measured, committed)]
        self.assertEqual(found, [("a", "instructions", "good"), ("a", "system calls", "better by more than 3 %"),
                                 ("b", "instructions", "not in the table"),
                                 ("b", "system calls", "not in the table")])


class TheTable(unittest.TestCase):
    TABLE = figures.Table("some compiler", {"a": figures.Figures(517.9, 2.0125), "e": figures.Figures(101972.2, 7)})

    def test_what_is_written_is_read_again(self):
        self.assertEqual(figures.from_text(figures.to_text(self.TABLE)), self.TABLE)

    def test_the_committed_one_has_each_planned_workload(self):
        committed = figures.from_text(check.TABLE.read_text(encoding="utf-8"))
        self.assertEqual(list(committed.rows), list(check.PLANS))
        self.assertEqual(figures.to_text(committed), check.TABLE.read_text(encoding="utf-8"))

    def test_a_broken_line_is_named(self):
        text = figures.to_text(self.TABLE)
        for broken, number in ((text + "d\t12\n", 7), (text + "d\t12\tmany\n", 7), (text + "\n", 7),
                               (text.replace("workload\t", "letter\t"), 4)):
            with self.assertRaisesRegex(figures.BadTable, f"^line {number}: "):
                figures.from_text(broken)


class Platform(unittest.TestCase):
    def test_the_machine_has_avx2_where_a_processors_flags_say_so(self):
        self.assertTrue(check.has_avx2("processor\t: 0\nflags\t\t: fpu avx avx2 bmi2\n"))
        for text in ("flags\t\t: fpu avx avx512f\n", "Features\t: fp asimd\n", "bugs\t\t: avx2\n", ""):
            self.assertFalse(check.has_avx2(text), text)

    def test_a_program_tells_its_compiler(self):
        for program, compiler in ((b"\0GCC: (Debian 12.2.0-14) 12.2.0\0", "g++ 12"), (b"\0\0", "an unknown compiler"),
                                  (b"\0GCC: (Debian) 12.2.0\0Debian clang version 14.0.6\0", "clang++ 14")):
            self.assertEqual(check.compiler_of(program), compiler)


# Stands for a tool and the server under it: accepts what the kernel accepts for it, and reports on SIGTERM.
TOOL = """#!{python}
import os, pathlib, re, signal, socket, sys
here = pathlib.Path(__file__).parent
words = " ".join(sys.argv)
def report(number, frame):
    count = 1000 + int((here / "cost").read_text()) * int((here / "messages").read_text())
    file = re.search(r"(?:--callgrind-out-file=|-o )(\\S+)", words)[1]
    pathlib.Path(file).write_text(f"totals: {count}\\n" if "callgrind" in words else f"  {count} total\\n")
    sys.exit()
signal.signal(signal.SIGTERM, report)
with open(here / "log", "a") as log:
    log.write(f"{pathlib.Path(__file__).name} {os.getpid()}\\n")
listener = socket.create_server(("127.0.0.1", int(re.search(r"ws://127.0.0.1:(\\d+)", words)[1])))
while True:
    signal.pause()
"""

# Fails as "fails" says, and waits for ever where there is a file "hangs".
LOAD = """#!{python}
import os, pathlib, signal, sys
here = pathlib.Path(__file__).parent
(here / "messages").write_text(sys.argv[sys.argv.index("--messages") + 1])
with open(here / "log", "a") as log:
    log.write(f"mote_load {os.getpid()}\\n")
if (here / "fails").exists():
    sys.exit((here / "fails").read_text())
while (here / "hangs").exists():
    signal.pause()
"""


@unittest.skipUnless(check.has_avx2(pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")),
                     "without AVX2 the program compares nothing")
class Runs(harness.CommandTest):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mote-guard-")))
        for name, text in (("valgrind", TOOL), ("strace", TOOL), ("mote_load", LOAD), ("echo_server", "")):
            (self.folder / name).write_text(text.replace("{python}", sys.executable))
            (self.folder / name).chmod(0o755)
        self.table = self.folder / "figures.tsv"

    def commit_a_table(self, **rows):
        self.table.write_text(figures.to_text(figures.Table("some compiler", rows)), encoding="utf-8")

    def begin(self, *options, workloads="b"):
        command = ["/usr/bin/python3", "-B", ROOT / "bench/guard/check.py", "--programs", self.folder,
                   "--table", self.table, "--workloads", workloads, *options]
        return self.start(command, env={**os.environ, "PATH": str(self.folder)})

    def run_at_cost(self, cost, *options, **others):
        (self.folder / "cost").write_text(str(cost))
        return self.finish(self.begin(*options, **others))

    def started(self):
        """Name and process id of each stand-in that was started."""
        log = self.folder / "log"
        return [line.split() for line in log.read_text().splitlines()] if log.exists() else []

    def alive(self):
        return [name for name, pid in self.started() if harness.is_alive(pid)]

    def expect_nobody(self):
        """Who was killed as the program ended takes a moment to go."""
        harness.eventually(lambda: not self.alive(), "nobody is left")

    def test_writes_a_table_that_it_then_agrees_with(self):
        code, output, log = self.run_at_cost(100, "--write")
        self.assertEqual(code, 0, log)
        self.assertEqual(self.table.read_text(encoding="utf-8"), output)
        self.assertIn("\nb\t100.0\t100.0000\n", output)
        code, output, log = self.run_at_cost(102)
        self.assertEqual(code, 0, log)
        self.assertEqual(len(re.findall(r"(?m)\+2\.00 %  good$", output)), 2)
        self.expect_nobody()

    def test_fails_on_either_side_and_names_the_way_out(self):
        self.commit_a_table(b=figures.Figures(100, 100))
        for cost, text in ((104, "worse"), (96, "better")):
            code, output, log = self.run_at_cost(cost)
            self.assertEqual(code, 1, log)
            self.assertEqual(output.count(f"{text} by more than 3 %"), 2, output)
            self.assertIn("./dev bench check --write", log)
            self.assertIn("the table is for some compiler", log)

    def test_writing_some_workloads_leaves_the_rows_of_the_others(self):
        self.commit_a_table(b=figures.Figures(100, 100))
        code, _, log = self.run_at_cost(200, "--write", workloads="a")
        self.assertEqual(code, 0, log)
        rows = figures.from_text(self.table.read_text(encoding="utf-8")).rows
        self.assertEqual(rows, {"a": figures.Figures(200, 200), "b": figures.Figures(100, 100)})

    def test_says_what_is_missing(self):
        for name in ("valgrind", "strace", "mote_load", "echo_server"):
            (self.folder / name).rename(self.folder / "elsewhere")
            code, output, log = self.run_at_cost(1, "--write")
            self.assertEqual((code, output), (2, ""))
            self.assertRegex(log, f"^== there is no .*{name}")
            (self.folder / "elsewhere").rename(self.folder / name)
        code, _, log = self.run_at_cost(1)
        self.assertEqual(code, 2)
        self.assertIn("--write makes one", log)

    def test_a_load_that_fails_ends_it_with_the_reason(self):
        (self.folder / "fails").write_text("3 x refused")
        code, output, log = self.run_at_cost(1, "--write")
        self.assertEqual((code, output), (2, ""))
        self.assertIn("workload b: 3 x refused", log)
        self.expect_nobody()
        self.assertFalse(self.table.exists())

    def test_leaves_nothing_running_when_it_is_ended(self):
        (self.folder / "hangs").touch()
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                before = len(self.started())
                (self.folder / "cost").write_text("1")
                process = self.begin("--write")
                harness.eventually(lambda: len(self.started()) == before + 2, "server and load run")
                self.assertEqual(self.alive(), ["valgrind", "mote_load"])
                process.send_signal(number)
                self.assertEqual(self.finish(process)[0], 130)
                self.expect_nobody()
                self.assertEqual(len(self.started()), before + 2)

    def test_a_workload_that_there_is_not(self):
        code, output, log = self.finish(self.begin(workloads="a,z"))
        self.assertEqual((code, output), (2, ""))
        self.assertIn('no workload "z"', log)


if __name__ == "__main__":
    harness.main()
