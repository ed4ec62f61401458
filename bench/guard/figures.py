"""The table of figures, and what a new one means beside the committed one."""

import dataclasses

COLUMNS = ("workload", "instructions", "system calls")
HEADER = """\
# What echo_server does for a message (connect: a connection with one): callgrind's instructions, strace's system calls.
# `./dev bench check` compares with it, `./dev bench check --write` rewrites it. The workloads: bench/peers/workloads.py.
# For: """


class BadTable(Exception):
    """The text says which line is wrong, and why."""


@dataclasses.dataclass(frozen=True)
class Figures:
    """For each message."""
    instructions: float
    system_calls: float


@dataclasses.dataclass(frozen=True)
class Table:
    platform: str  # what the figures depend on: kernels' instruction set, compiler, C library
    rows: dict  # workload's letter -> Figures


def to_text(table):
    lines = ["\t".join(COLUMNS)]
    lines += [f"{letter}\t{row.instructions:.1f}\t{row.system_calls:.4f}" for letter, row in table.rows.items()]
    return f"{HEADER}{table.platform}\n" + "\n".join(lines) + "\n"


def from_text(text):
    platform, rows, columns = "", {}, None
    for number, line in enumerate(text.splitlines(), 1):
        cells = tuple(line.split("\t"))
        if line.startswith("#"):
            platform = line.removeprefix("# For: ") if line.startswith("# For: ") else platform
        elif columns is None:
            columns = cells
            if columns != COLUMNS:
                raise BadTable(f"line {number}: the columns are to be {', '.join(COLUMNS)}")
        else:
            try:
                letter, instructions, calls = cells
                rows[letter] = Figures(float(instructions), float(calls))
            except ValueError:
                raise BadTable(f'line {number}: not a letter and two figures: "{line}"') from None
    return Table(platform, rows)


@dataclasses.dataclass(frozen=True)
class Verdict:
    letter: str
    what: str
    measured: float
    committed: float  # None: the table has no such row
    tolerance_percent: float

    @property
    def difference_percent(self):
        """Positive: more than committed. None where there is nothing to compare with."""
        return (self.measured / self.committed - 1) * 100 if self.committed else None

    @property
    def text(self):
        difference = self.difference_percent
        if difference is None:
            return "not in the table"
        if difference > self.tolerance_percent:
            return f"worse by more than {self.tolerance_percent:g} %"
        if difference < -self.tolerance_percent:
            return f"better by more than {self.tolerance_percent:g} %"
        return "good"

    @property
    def is_good(self):
        return self.text == "good"


def lines(verdicts):
    """For people."""
    rows = [("workload", "for each message", "measured", "committed", "difference", "verdict")]
    for verdict in verdicts:
        difference = verdict.difference_percent
        digits = 1 if verdict.what == "instructions" else 4
        rows.append((verdict.letter, verdict.what, f"{verdict.measured:,.{digits}f}",
                     "–" if difference is None else f"{verdict.committed:,.{digits}f}",
                     "–" if difference is None else f"{difference:+.2f} %", verdict.text))
    return [f"{letter:8}  {what:16}  {measured:>11}  {committed:>11}  {difference:>10}  {text}"
            for letter, what, measured, committed, difference, text in rows]
