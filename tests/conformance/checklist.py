#!/usr/bin/env python3
"""Which tests prove which line of the RFC checklist, and of the list of attacks; and the pages in docs, which say so.

    checklist.py check PROGRAM...                     as the test conformance.checklist
    checklist.py write [OPTION...] PROGRAM...         writes the pages, as `./dev conformance` does
        --results FILE     of `ctest --output-junit`: without it a line whose tests have changed becomes "not run"
        --autobahn FILE    results of the Autobahn cases: id, result, milliseconds, description, separated by tabs;
                           once for each way in which a server or a client ran, which the name says: x-ROLE-WAY.tsv
    checklist.py regex PROGRAM...                     what `ctest -R` needs to run every test that proves a line

PROGRAM: those of GoogleTest. A test says in one of two ways which lines of checklist.tsv and attacks.tsv it proves:

  - In a comment on its own line or directly above it, for a TEST, for all rows of a TEST_P, for a method in Python:

        TEST(Http, ClosesWhenAskedTo) {  // RFC 9112 §9.6, checklist 23
        // checklist 48, 49, 50; attack 25: the whole response.
        TEST(Upgrade, TheResponseIsExact) {
        def test_post_is_405(self):  # checklist 36

    The word, one space, numbers separated by comma and space. Anywhere else in a comment of a test it is a mistake.

  - In a row of a parameterised test, as mote::test::Source{name, section, checklist}, where PrintTo prints that Source;
    an attack is named in its section: "6455 §5.2, attack 1". Rows are not looked for in the sources, where a script
    would have to guess: the program lists them.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

MARKER = re.compile(r"\b(checklist|attack) (\d+(?:, \d+)*)(?!\d|, \d|\s*(?:-|–|to\b|and\b)\s*\d)", re.IGNORECASE)
MEANT_AS_MARKER = re.compile(r"\b(?:checklist|attack)s?(?:\.\w+)?[\s:#]*\d", re.IGNORECASE)
CPP_TEST = re.compile(r"^TEST(?:_[FP])?\((\w+), (\w+)\)")
PYTHON_TEST = re.compile(r"^ +(?:async )?def (test_\w+)\(")
CPP_COMMENT = re.compile(r"//(.*)")
PYTHON_COMMENT = re.compile(r"#(.*)")
STRING = re.compile(r'"(?:\\.|[^"\\])*"')

AUTOBAHN_SECTIONS = {
    1: "Text and binary messages", 2: "Pings and pongs", 3: "Reserved bits", 4: "Opcodes", 5: "Fragments", 6: "UTF-8",
    7: "Closing handshake", 9: "Large messages and many", 10: "Automatic fragmentation",
    12: "permessage-deflate, messages of many sizes", 13: "permessage-deflate, parameters",
}


class Mistake(Exception):
    """Something in the files that a person has to correct."""


# ---- What there is to prove


class Line:
    """A line of a list: its number, what is shown of it, and why no test is asked for yet, if so."""

    def __init__(self, line):
        number, *self.cells, self.not_yet = line.split("\t")
        self.number = int(number)
        self.applies = self.not_yet == "-"

    def __str__(self):
        return " | ".join(self.cells)


class Book:
    """A list and the page that is made of it; `word` is how tests name its lines."""

    def __init__(self, word, list_file, page_file, template, text=None):
        self.word, self.list_file, self.page_file, self.template = word, list_file, page_file, template
        text = (ROOT / list_file).read_text(encoding="utf-8") if text is None else text
        lines = text.splitlines()[1:]
        for number, line in enumerate(lines, 1):
            if line.count("\t") != 5 or not line.startswith(f"{number}\t") or "|" in line:
                raise Mistake(f"{list_file}: not a line of six columns with the number {number}: {line}")
        self.lines = [Line(line) for line in lines]

    def old_page(self):
        path = ROOT / self.page_file
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def write_page(self, text):
        path = ROOT / self.page_file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


# ---- What the tests say


class Proof:
    """A test, or a row of tests, as the page names it; and all that ctest runs for it."""

    def __init__(self, group, row):
        self.group = group  # `Suite.Test`, or the fixture of the row
        self.row = row
        self.tests = set()


class Proofs:
    """For each mark, such as ("checklist", 23), its proofs."""

    def __init__(self):
        self._by_mark = {}

    def add(self, marks, group, row, tests):
        for mark in marks:
            proofs = self._by_mark.setdefault(mark, {})
            proofs.setdefault((group, row), Proof(group, row)).tests.update(tests)

    def marks(self):
        return sorted(self._by_mark)

    def of(self, mark):
        """Sorted by group; rows of one group stay in the order of their table."""
        return sorted(self._by_mark.get(mark, {}).values(), key=lambda proof: proof.group)

    def tests_of(self, mark):
        return set().union(*(proof.tests for proof in self.of(mark)))


def marks_in(text):
    """The number 0, which a row without a line has, is none."""
    return [(marker[1].lower(), int(number)) for marker in MARKER.finditer(text)
            for number in marker[2].split(", ") if number != "0"]


def marked_tests(text, test_pattern, comment_pattern):
    """(groups of test_pattern, marks) of each test in a source; raises where a marker belongs to none."""
    lines = text.splitlines()
    comments = []
    for line in lines:
        found = comment_pattern.search(STRING.sub('""', line))
        comments.append(found[1] if found else "")
    used = set()
    result = []
    for index, line in enumerate(lines):
        test = test_pattern.match(line)
        if not test:
            continue
        first = index
        while first > 0 and comment_pattern.match(lines[first - 1].strip()):
            first -= 1
        used.update(range(first, index + 1))
        result.append((test.groups(), marks_in("\n".join(comments[first:index + 1]))))
    for index, comment in enumerate(comments):
        good = len(MARKER.findall(comment)) if index in used else 0
        if len(MEANT_AS_MARKER.findall(comment)) != good:
            raise Mistake(f"line {index + 1}: neither on a test nor in the form of the others:{comment}")
    return result


def listed_tests(program):
    """name: what is printed of its parameter, of every test in a program of GoogleTest."""
    listing = subprocess.run([program, "--gtest_list_tests"], capture_output=True, check=True, encoding="utf-8",
                             errors="replace").stdout
    return parse_listing(listing)


def parse_listing(listing):
    tests, suite = {}, ""
    for line in listing.splitlines():
        name, _, parameter = line.partition("  # GetParam() = ")
        if not line.startswith("  "):
            suite = line.split("  #")[0]
        else:
            tests[suite + name.strip()] = parameter
    return tests


def add_rows(proofs, tests):
    for name, parameter in tests.items():
        marks = marks_in(parameter)
        fixture, row = name.rsplit("/", 1) if marks else ("", "")
        proofs.add(marks, fixture.rpartition(".")[0].rpartition("/")[2], row, [name])


def add_cpp_tests(proofs, text, tests):
    for (suite, name), marks in marked_tests(text, CPP_TEST, CPP_COMMENT):
        full = f"{suite}.{name}"
        run = [test for test in tests if re.fullmatch(rf"(?:\w+/)?{full}(?:/\w+)?", test)]
        if marks and not run:
            raise Mistake(f"{full} is in no program")
        proofs.add(marks, full, "", run)


def add_python_tests(proofs, text, test):
    for (method,), marks in marked_tests(text, PYTHON_TEST, PYTHON_COMMENT):
        proofs.add(marks, test, method, [test])


def collect(programs):
    proofs = Proofs()
    tests = {}
    for program in programs:
        tests.update(listed_tests(program))
    add_rows(proofs, tests)
    mistakes = []
    this_script = pathlib.Path(__file__).resolve()
    for path in sorted((ROOT / "tests").rglob("*.*")):
        if path.suffix not in (".cc", ".h", ".py") or "node_modules" in path.parts or path == this_script:
            continue
        text = path.read_text(encoding="utf-8")
        try:
            if path.suffix == ".py":
                add_python_tests(proofs, text, f"{path.parent.name}.{path.stem.removesuffix('_test')}")
            else:
                add_cpp_tests(proofs, text, tests)
        except Mistake as mistake:
            mistakes.append(f"{path.relative_to(ROOT)}: {mistake}")
    if mistakes:
        raise Mistake("\n".join(mistakes))
    return proofs


def gaps(book, proofs):
    """What the tests and the list do not agree on."""
    lines = {line.number: line for line in book.lines}
    for word, number in proofs.marks():
        names = ", ".join(proof.group for proof in proofs.of((word, number)))
        if word == book.word and number not in lines:
            yield f"{word} {number} is not in {book.list_file}: {names}"
        elif word == book.word and not lines[number].applies:
            yield f"{word} {number} is not yet applicable ({lines[number].not_yet}), but named by: {names}"
    for line in book.lines:
        if line.applies and not proofs.of((book.word, line.number)):
            yield f"{book.word} {line.number} has no test: {line}"


# ---- The pages


def tests_cell(proofs):
    groups = {}
    for proof in proofs:
        groups.setdefault(proof.group, []).append(proof.row)
    texts = []
    for group, rows in groups.items():
        named = ", ".join(f"`{row}`" for row in rows if row)
        texts.append(f"`{group}`: {named}" if named else f"`{group}`")
    return "; ".join(texts)


def read_junit(text):
    """name: run, fail, notrun or disabled, of each test of ctest."""
    return {case.get("name"): case.get("status") for case in xml.etree.ElementTree.fromstring(text).iter("testcase")}


def result_of(tests, statuses):
    found = {statuses.get(test, "notrun") for test in tests}
    if "fail" in found:
        return "FAILED"
    return "passed" if found == {"run"} else "not run"


def committed_results(page):
    """number: (tests cell, result cell) of a page; the tables after that of the list look alike."""
    of_list = page.partition(AUTOBAHN_BEGIN)[0]
    found = re.findall(r"^\| (\d+) \|.* \| ([^|]*) \| ([^|]*) \|$", of_list, re.MULTILINE)
    return {int(number): (tests, result) for number, tests, result in found}


def rows(book, proofs, page, statuses):
    before = committed_results(page)
    for line in book.lines:
        mark = (book.word, line.number)
        cell, tests = tests_cell(proofs.of(mark)), proofs.tests_of(mark)
        if not line.applies:
            result = f"not yet: {line.not_yet}"
        elif statuses is not None:
            result = result_of(tests, statuses)
        else:
            before_cell, result = before.get(line.number, ("", ""))
            if before_cell != cell or not tests:
                result = "not run"
        yield "| " + " | ".join([str(line.number), *line.cells, cell, result]) + " |"


CONFORMANCE_PAGE = """\
# Conformance

`./dev conformance` runs the tests and cases that are named here and writes this page; `./dev test` fails where it is
not what the tests say. The last part alone is written by hand.

## The RFC checklist

What RFC 9112, 9110, 6455, 7692 and 8441 ask of servers and clients, and the tests that prove it: `./dev test -R NAME`
runs one. After a colon come rows of a table. *Level*: MUST and SHOULD as in the RFC, *says* for what it states without
such a word, *ours* for what mote adds. The list is `tests/conformance/checklist.tsv`; how a test names its lines is said
in `tests/conformance/checklist.py`.

| | section | level | who | requirement | tests | result |
|---|---|---|---|---|---|---|
{rows}

## The Autobahn cases

{autobahn_begin}
{autobahn}
{autobahn_end}

## Autobahn's own suite

{by_hand_begin}
{by_hand}"""

ATTACKS_PAGE = """\
# Attacks and accidents

What has broken WebSocket servers, what mote does instead, and the tests that show it. `./dev conformance` writes this
page from `tests/conformance/attacks.tsv`; a test names its lines as for the RFC checklist (`docs/conformance.md`).

| | about | what happens | seen in | what mote does | tests | result |
|---|---|---|---|---|---|---|
{rows}
"""

AUTOBAHN_BEGIN = "<!-- Written from the results of the cases. -->"
AUTOBAHN_END = "<!-- The end of what is written from them. -->"
BY_HAND_BEGIN = "<!-- From here on written by hand. -->"


def part(page, begin, end=None):
    """The text between two marks, or up to the end of the page."""
    after = page.partition(begin + "\n")[2]
    return after.partition("\n" + end)[0] if end else after


def render(book, proofs, page, statuses=None, autobahn=None):
    return book.template.format(
        rows="\n".join(rows(book, proofs, page, statuses)),
        autobahn_begin=AUTOBAHN_BEGIN, autobahn_end=AUTOBAHN_END, by_hand_begin=BY_HAND_BEGIN,
        autobahn=part(page, AUTOBAHN_BEGIN, AUTOBAHN_END) if autobahn is None else autobahn,
        by_hand=part(page, BY_HAND_BEGIN))


def autobahn_text(runs):
    """What the page says of the results of the cases; `runs`: (role, way in which it ran) -> table of the results."""
    lines = []
    for role, what in (("server", "Against `echo_server`:"), ("client", "Against a `mote::Client` that echoes:")):
        cases = {way: read_cases(tsv) for (of, way), tsv in runs.items() if of == role}
        lines += [what, "", *sections_table(cases), ""] if cases else []
    servers = [read_cases(tsv) for (role, _), tsv in runs.items() if role == "server"]
    lines += ["How long the large ones take a server, in milliseconds, on the machine that wrote this page:", "",
              table_row(["case", "ms", "what is sent"]), table_row(["---"] * 3)]
    for number, _, milliseconds, description in servers[0]:
        if number[0] == 9:
            lines.append(table_row([".".join(map(str, number)), milliseconds, description.replace("|", " ")]))
    return "\n".join(lines)


def sections_table(cases):
    """`cases`: way -> what read_cases answers."""
    head = ["section", "", *(f"`--deflate {way}`" for way in cases), "failed", "non-strict"]
    lines = [table_row(head), table_row(["---"] * len(head))]
    for section in sorted({case[0][0] for found in cases.values() for case in found}):
        of_section = [[case[1] for case in found if case[0][0] == section] for found in cases.values()]
        lines.append(table_row([section, AUTOBAHN_SECTIONS.get(section, ""), *counts(of_section)]))
    lines.append(table_row(["all", "", *counts([[case[1] for case in found] for found in cases.values()])]))
    return lines


def read_cases(tsv):
    columns = (line.split("\t") for line in tsv.splitlines())
    return sorted((tuple(map(int, id.split("."))), result.strip().lower(), milliseconds, description)
                  for id, result, milliseconds, description, *_ in columns if re.fullmatch(r"\d+(\.\d+)+", id))


def table_row(cells):
    return f"| {' | '.join(map(str, cells))} |"


def counts(of_ways):
    """For each way how many of its cases passed; then how many in all did not, and how."""
    results = [result for way in of_ways for result in way]
    passed, non_strict = results.count("passed"), results.count("non-strict")
    return [*(f"{way.count('passed')} of {len(way)} passed" if way else "" for way in of_ways),
            len(results) - passed - non_strict, non_strict]


def disagreements(book, page, fresh):
    """Why a page, which should be `fresh`, must be written anew."""
    if page != fresh:
        yield f"{book.page_file} is not what the tests say: run ./dev conformance"
    results = committed_results(page)
    others = [str(line.number) for line in book.lines
              if line.applies and results.get(line.number, ("", ""))[1] != "passed"]
    if others:
        yield f"{book.page_file} does not say passed of {', '.join(others)}"


# ---- Commands


def books():
    return [Book("checklist", "tests/conformance/checklist.tsv", "docs/conformance.md", CONFORMANCE_PAGE),
            Book("attack", "tests/conformance/attacks.tsv", "docs/attacks.md", ATTACKS_PAGE)]


def report(mistakes):
    print("\n".join(mistakes), file=sys.stderr, end="\n" if mistakes else "")
    return 1 if mistakes else 0


def check(options):
    self_test()
    proofs = collect(options.programs)
    mistakes = []
    for book in books():
        page = book.old_page()
        mistakes += [*gaps(book, proofs), *disagreements(book, page, render(book, proofs, page))]
    return report(mistakes)


def write(options):
    proofs = collect(options.programs)
    statuses = read_junit(options.results.read_text(encoding="utf-8")) if options.results else None
    runs = {tuple(file.stem.split("-")[-2:]): file.read_text(encoding="utf-8") for file in options.autobahn or ()}
    autobahn = autobahn_text(runs) if runs else None
    mistakes = []
    for book in books():
        page = render(book, proofs, book.old_page(), statuses, autobahn)
        book.write_page(page)
        mistakes += [*gaps(book, proofs), *disagreements(book, page, page)]
    return report(mistakes)


def regex(options):
    """Whole suites for rows, so that it stays short enough for ctest."""
    proofs = collect(options.programs)
    names = set()
    for mark in proofs.marks():
        for test in proofs.tests_of(mark):
            names.add(re.escape(test) + "$" if "/" not in test else re.escape(test.split(".")[0] + "."))
    print("^(" + "|".join(sorted(names)) + ")")
    return 0


def self_test():
    """Each rule finds what it is there for."""
    self_test_of_marks()
    self_test_of_pages()


def self_test_of_marks():
    assert marks_in("Checklist 2, 34, attack 5; checklist 0.") == [("checklist", 2), ("checklist", 34), ("attack", 5)]
    source = ('TEST(A, B) {  // checklist 1, 2\n}\n\n/// What it is,\n/// attack 3.\nTEST_P(C, D) {\n'
              '  f("// checklist 4");\n')
    assert marked_tests(source, CPP_TEST, CPP_COMMENT) == [
        (("A", "B"), [("checklist", 1), ("checklist", 2)]), (("C", "D"), [("attack", 3)])]
    for mistake in ("// checklist 1\n\nTEST(A, B) {", "TEST(A, B) {  // checklist 1-3", "f();  // checklist 5",
                    "TEST(A, B) {  // checklist 1 and 3", "TEST(A, B) {  // Checklist: 1", "TEST(A, B) {  // attacks 1"):
        try:
            marked_tests(mistake, CPP_TEST, CPP_COMMENT)
        except Mistake:
            continue
        raise AssertionError(f"not found: {mistake}")
    python = "    async def test_a(self):  # checklist 7\n        pass\n\n    # attack 8\n    def test_b(self):\n"
    assert marked_tests(python, PYTHON_TEST, PYTHON_COMMENT) == [
        (("test_a",), [("checklist", 7)]), (("test_b",), [("attack", 8)])]


def self_test_of_pages():
    tests = parse_listing("Running main()\nE/F.\n  G/R  # GetParam() = R (6455 §5.2, checklist 2)\n"
                          "  H/R  # GetParam() = R (6455 §5.2, checklist 2)\nA.\n  B\n")
    one, two = ("checklist", 1), ("checklist", 2)
    proofs = Proofs()
    add_rows(proofs, tests)
    add_cpp_tests(proofs, "TEST(A, B) {  // checklist 1\nTEST_P(F, G) {  // checklist 1", tests)
    assert proofs.tests_of(one) == {"A.B", "E/F.G/R"} and proofs.tests_of(two) == {"E/F.G/R", "E/F.H/R"}
    assert tests_cell(proofs.of(one)) == "`A.B`; `F.G`" and tests_cell(proofs.of(two)) == "`F`: `R`"
    assert result_of({"a", "b"}, {"a": "run"}) == "not run" and result_of({"a"}, {"a": "fail"}) == "FAILED"
    junit = read_junit('<testsuite><testcase name="a" status="run"/><testcase name="b" status="fail"/></testsuite>')
    assert junit == {"a": "run", "b": "fail"}
    book = Book("checklist", "list", "page", CONFORMANCE_PAGE,
                "header\n1\ts\tMUST\tboth\tt\t-\n2\ts\tMUST\tboth\tt\tno\n3\ts\tMUST\tboth\tt\t-\n")
    proofs.add([("checklist", 9), ("attack", 9)], "A.B", "", ["A.B"])
    assert [gap.split()[1] for gap in gaps(book, proofs)] == ["2", "9", "3"]
    page = render(book, proofs, f"{BY_HAND_BEGIN}\nkept", {"A.B": "run", "E/F.G/R": "run"}, "| 1 | | 2 | 0 |")
    assert page.endswith(f"{BY_HAND_BEGIN}\nkept") and part(page, AUTOBAHN_BEGIN, AUTOBAHN_END) == "| 1 | | 2 | 0 |"
    assert committed_results(page)[1] == ("`A.B`; `F.G`", "passed") and committed_results(page)[3][1] == "not run"
    assert render(book, proofs, page) == page
    assert [why.split()[-1] for why in disagreements(book, page, page)] == ["3"]
    proofs.add([one], "New.Test", "", ["New.Test"])
    assert committed_results(render(book, proofs, page))[1][1] == "not run"
    autobahn = autobahn_text({
        ("server", "off"): "9.1.1\tpassed\t5\td\n9.1.2\tfailed\t1\te", ("server", "on"): "12.1.1\tpassed\t5\td",
        ("client", "off"): "9.1.1\tpassed\t7\td\n9.1.2\tpassed\t7\te"})
    assert "| 9 | Large messages and many | 1 of 2 passed |  | 1 | 0 |" in autobahn
    assert "| 9 | Large messages and many | 2 of 2 passed | 0 | 0 |" in autobahn and "| 9.1.1 | 5 | d |" in autobahn


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for command in (check, write, regex):
        sub = commands.add_parser(command.__name__)
        sub.set_defaults(run=command)
        if command is write:
            sub.add_argument("--results", type=pathlib.Path)
            sub.add_argument("--autobahn", type=pathlib.Path, action="append")
        sub.add_argument("programs", nargs="+")
    options = parser.parse_args()
    try:
        return options.run(options)
    except Mistake as mistake:
        return report([str(mistake)])


if __name__ == "__main__":
    sys.exit(main())
