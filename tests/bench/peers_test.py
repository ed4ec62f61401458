"""bench/peers/compare.py: the order of its measurements, the figures in its tables, and that it leaves nothing running.

Its servers and its load are small stand-ins here, so that the figures are known.
"""

import json
import pathlib
import signal
import sys
import tempfile
import unittest
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "bench/peers")]
import harness
import measuring
import plot
import servers
import table
import workloads

A, B = (workloads.all_workloads()[letter] for letter in "ab")
SVG = "{http://www.w3.org/2000/svg}"


def sample(user_ns=250.0, system_ns=750.0, **others):
    return measuring.Sample(**{"messages_per_second": 1000.0, "user_ns": user_ns, "system_ns": system_ns,
                               "p50_ns": 2000.0, "p99_ns": 3000.0, "resident_bytes": 4096, **others})


def results_of(samples, names=("mote", "other")):
    return table.Results({"machine": "none"}, [A, B], list(names), samples)


class Figures(unittest.TestCase):
    def test_a_median_is_of_each_quantity_for_itself(self):
        found = table.medians([sample(1, 30, p50_ns=7), sample(2, 10, p50_ns=9), sample(3, 20, p50_ns=8)])
        self.assertEqual(found["user_ns"], 2)
        self.assertEqual(found["cpu_ns"], 23)  # of the sums 31, 12 and 23
        self.assertEqual(found["p50_ns"], 8)

    def test_one_disturbed_round_does_not_move_the_median(self):
        calm = table.medians([sample(100, 100)] * 3)
        disturbed = table.medians([sample(100, 100), sample(100, 9000), sample(100, 100)])
        self.assertEqual(calm, disturbed)

    def test_ratios_are_to_the_first_server(self):
        results = results_of({("a", "mote"): [sample(100, 100)], ("a", "other"): [sample(200, 300)]})
        self.assertEqual(results.ratio("a", "mote"), 1)
        self.assertEqual(results.ratio("a", "other"), 2.5)
        self.assertEqual(results.ratio("a", "other", "messages_per_second"), 1)

    def test_there_is_no_ratio_without_both_figures(self):
        results = results_of({("a", "mote"): [sample(0, 0)], ("a", "other"): [sample()], ("b", "other"): [sample()]})
        for letter, name in (("a", "other"), ("b", "other"), ("b", "mote")):
            self.assertIsNone(results.ratio(letter, name), (letter, name))


class Tables(unittest.TestCase):
    def setUp(self):
        self.results = results_of({("a", "mote"): [sample(250, 750)], ("a", "other"): [sample(500, 1000)],
                                   ("b", "other"): [sample()]})

    def test_each_table_has_a_row_for_each_workload_and_a_column_for_each_server(self):
        text = table.markdown(self.results)
        self.assertEqual(text.count("| workload | mote | other |"), 4)
        self.assertIn("| a | 1,000 (25%) | 1,500 (33%) |", text)
        self.assertIn("| a | 1.00 | 1.50 |", text)
        self.assertIn("| a | 1,000 | 1,000 |", text)
        self.assertIn("| a | 2 / 3 | 2 / 3 |", text)

    def test_what_was_not_measured_is_a_dash(self):
        text = table.markdown(self.results)
        self.assertIn("| b | – | 1,000 (25%) |", text)
        self.assertIn("| b | – | – |", text)

    def test_the_data_have_every_sample(self):
        data = json.loads(json.dumps(table.as_data(self.results)))
        entry = data["workloads"][0]["servers"]["other"]
        self.assertEqual(entry["cpu_ratio"], 1.5)
        self.assertEqual(entry["median"]["cpu_ns"], 1500)
        self.assertEqual([measuring.Sample(**values) for values in entry["samples"]], [sample(500, 1000)])
        self.assertIsNone(data["workloads"][1]["servers"]["mote"])

    def test_the_plot_has_bars_as_long_as_the_figures(self):
        image = xml.etree.ElementTree.fromstring(plot.svg(self.results))
        panels = image.findall(f"{SVG}g")
        self.assertEqual(len(panels), 2)
        widths = [float(box.get("width")) for box in panels[0].findall(f"{SVG}rect")]
        self.assertEqual(len(widths), 4)  # user and system of two servers
        self.assertAlmostEqual(widths[3], 2 * widths[2], delta=0.2)
        self.assertAlmostEqual(sum(widths[2:]), 1.5 * sum(widths[:2]), delta=0.3)
        self.assertEqual(len(panels[1].findall(f"{SVG}rect")), 2)


class FakeServer:
    def __init__(self, name):
        self.name = name
        self.running = True

    def is_running(self):
        return self.running


class Order(unittest.TestCase):
    def setUp(self):
        self.servers = [FakeServer(name) for name in ("mote", "other", "third")]
        self.calls = []
        self.lines = []
        self.broken = set()
        self.measurement = measuring.Measurement(self.servers, [A, B], self.load, self.lines.append)

    def load(self, workload, server, verify):
        self.calls.append((workload.letter, server.name, verify))
        if (workload.letter, server.name) in self.broken:
            raise measuring.LoadFailed("3 errors")
        return sample()

    def test_each_server_has_each_place_in_a_workloads_turn(self):
        for number in range(3):
            self.measurement.round(number)
        turns = [[name for _, name, _ in self.calls[at:at + 3]] for at in range(0, len(self.calls), 3)]
        self.assertEqual([letter for letter, _, _ in self.calls], (["a"] * 3 + ["b"] * 3) * 3)
        for place in range(3):
            self.assertEqual(sorted(turn[place] for turn in turns[::2]), ["mote", "other", "third"])

    def test_the_check_verifies_and_leaves_no_sample(self):
        self.measurement.check()
        self.assertEqual({verify for _, _, verify in self.calls}, {True})
        self.assertEqual(len(self.calls), 6)
        self.assertEqual(self.measurement.samples, {})

    def test_who_fails_at_a_workload_is_left_out_of_that_one(self):
        self.measurement.round(0)
        self.broken.add(("a", "other"))
        self.measurement.round(1)
        self.measurement.round(2)
        self.assertEqual(self.calls.count(("a", "other", False)), 2)
        self.assertNotIn(("a", "other"), self.measurement.samples)
        self.assertEqual(len(self.measurement.samples["b", "other"]), 3)
        self.assertEqual(self.lines, ["other is left out of workload a: 3 errors"])

    def test_a_server_that_has_ended_is_not_loaded(self):
        self.servers[1].running = False
        self.measurement.round(0)
        self.assertNotIn("other", {name for _, name, _ in self.calls})
        self.assertEqual(len(self.lines), 2)


class Input(unittest.TestCase):
    RESULT = {"messages": 10, "seconds": 1, "messages_per_second": 10.0, "errors": 0,
              "server": {"user_ns_per_message": 5, "system_ns_per_message": 6, "resident_bytes_end": 7},
              "latency_ns": {"p50": 1, "p99": 2, "p999": 3}}

    def test_what_the_load_prints_becomes_a_sample(self):
        found = measuring.read_sample(self.RESULT)
        self.assertEqual((found.user_ns, found.system_ns, found.cpu_ns), (5, 6, 11))
        self.assertEqual((found.p50_ns, found.p99_ns, found.resident_bytes), (1, 2, 7))

    def test_a_run_with_errors_or_without_messages_counts_for_nothing(self):
        for change, why in (({"errors": 3, "error_texts": {"refused": 2, "late": 1}}, "2 x refused, 1 x late"),
                            ({"messages": 0}, "no message came back")):
            with self.assertRaisesRegex(measuring.LoadFailed, why):
                measuring.read_sample({**self.RESULT, **change})

    def test_the_kernels_lists_of_cores(self):
        for text, cores in (("0\n", {0}), ("0,4", {0, 4}), ("0-2,6\n", {0, 1, 2, 6})):
            self.assertEqual(measuring.parse_cores(text), cores)

    def test_another_server_is_a_name_and_a_command_with_a_port(self):
        server = servers.other_server("mine=./my-server --greeting 'good day' --port={port}")
        self.assertEqual(server.name, "mine")
        self.assertEqual(server.command, ("./my-server", "--greeting", "good day", "--port={port}"))
        for text in ("mine", "mine=./my-server", "=./my-server {port}", "a b=./my-server {port}"):
            with self.assertRaises(ValueError, msg=text):
                servers.other_server(text)


# Accepts what the kernel accepts for it.
SERVER = """
import pathlib, signal, socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
pathlib.Path(sys.argv[2]).write_text("here")
print(f"listening on ws://127.0.0.1:{sys.argv[1]}, {sys.argv[2]}", flush=True)
signal.pause()
"""

# Takes each server's process to cost as many nanoseconds as its folder's "cost" says; waits for ever where there is none.
LOAD = """#!/usr/bin/env python3
import json, os, pathlib, signal, sys
here = pathlib.Path(__file__).parent
pid = sys.argv[sys.argv.index("--pid") + 1]
with open(here / "log", "a") as log:
    log.write(" ".join([pid, str(os.getpid()), *sys.argv[1:]]) + chr(10))
cost = here / "cost"
if not cost.exists():
    signal.pause()
print(json.dumps({"messages": 10, "seconds": 1, "messages_per_second": 10, "errors": 0,
                  "server": {"user_ns_per_message": 0, "system_ns_per_message": float(cost.read_text()),
                             "resident_bytes_end": 7}, "latency_ns": {"p50": 1, "p99": 2, "p999": 3}}))
"""


class Runs(harness.CommandTest):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mote-peers-")))
        (self.folder / "server.py").write_text(SERVER)
        load = self.folder / "mote_load"
        load.write_text(LOAD)
        load.chmod(0o755)
        self.process = None

    def begin(self, *options):
        server = f"{sys.executable} {self.folder}/server.py {{port}} {self.folder}"
        command = [sys.executable, "-B", ROOT / "bench/peers/compare.py", "--programs", self.folder,
                   "--output", self.folder / "out", "--rounds", "2", "--workloads", "a,b", "--servers", "mote",
                   "--server", f"first={server}/one", "--server", f"second={server}/two", *options]
        return self.start(command)

    def loads(self):
        """A list of words for each run of the load so far; the first is the server's process, the second its own."""
        log = self.folder / "log"
        return [line.split() for line in log.read_text().splitlines()] if log.exists() else []

    def test_writes_what_it_prints_and_stops_its_servers(self):
        (self.folder / "cost").write_text("125")
        code, output, log = self.finish(self.begin())
        self.assertEqual(code, 0, log)
        self.assertIn("| a | 125 (0%) | 125 (0%) |", output)
        self.assertEqual((self.folder / "out/table.md").read_text(encoding="utf-8"), output[:-1])
        data = json.loads((self.folder / "out/table.json").read_text(encoding="utf-8"))
        self.assertEqual(len(data["workloads"][1]["servers"]["second"]["samples"]), 2)
        xml.etree.ElementTree.parse(self.folder / "out/plot.svg")
        self.assertIn(f"first ({self.folder}/one), second ({self.folder}/two)", output)
        self.assertEqual(len(self.loads()), 12)  # two workloads of two servers: verified, and two rounds
        self.assertEqual({words[0] for words in self.loads() if harness.is_alive(words[0])}, set())

    def test_a_server_that_cannot_be_had_costs_a_line(self):
        (self.folder / "cost").write_text("1")
        code, output, log = self.finish(self.begin("--server", "broken=false {port}"))
        self.assertEqual(code, 0, log)
        self.assertRegex(log, "(?m)^== mote is left out: ")
        self.assertRegex(log, "(?m)^== broken is left out: it does not listen")
        self.assertIn("| workload | first | second |", output)

    def test_leaves_nothing_running_when_it_is_ended(self):
        for number, code in ((signal.SIGINT, 1), (signal.SIGTERM, 1)):
            with self.subTest(number):
                before = len(self.loads())
                process = self.begin()
                harness.eventually(lambda: len(self.loads()) > before, "the load runs")
                process.send_signal(number)
                self.assertEqual(self.finish(process)[0], code)
                server, load = self.loads()[-1][:2]
                self.assertFalse(harness.is_alive(server), "the server")
                self.assertFalse(harness.is_alive(load), "the load")
                self.assertEqual(len(self.loads()), before + 1)

    def test_names_that_there_are_not(self):
        for options in (("--servers", "motte"), ("--workloads", "z"), ("--server", "first=x {port}"),
                        ("--rounds", "0"), ("--seconds", "nan")):
            with self.subTest(options):
                code, output, log = self.finish(self.begin(*options))
                self.assertEqual((code, output), (2, ""), log)
                self.assertIn("compare.py: error: ", log)


if __name__ == "__main__":
    harness.main()
