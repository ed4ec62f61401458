"""The server CPU of each message as an SVG: a panel for each workload, in it a bar for each server."""

from xml.sax.saxutils import escape

COLUMNS = 2
PANEL_WIDTH = 470
NAME_WIDTH = 100
BAR_WIDTH = 230
BAR_STEP = 18
BAR_HEIGHT = 13
HEAD = 30  # of a panel: its title
TITLE = 48
USER, SYSTEM = "#1f5fa8", "#9fc1e6"


def text(x, y, words, style=""):
    return f'<text x="{x:.0f}" y="{y:.0f}"{style}>{escape(words)}</text>'


def box(x, y, width, colour):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{BAR_HEIGHT}" fill="{colour}"/>'


def bar(results, letter, name, y, scale):
    """A server's row: its name, the bar with the part of user space darker, and its figures."""
    found = results.medians.get((letter, name))
    weight = ' font-weight="bold"' if name == results.servers[0] else ""
    yield text(NAME_WIDTH - 6, y + BAR_HEIGHT - 3, name, f' text-anchor="end"{weight}')
    if not found:
        yield text(NAME_WIDTH, y + BAR_HEIGHT - 3, "–")
        return
    user, whole = found["user_ns"] * scale, found["cpu_ns"] * scale
    yield box(NAME_WIDTH, y, user, USER)
    yield box(NAME_WIDTH + user, y, whole - user, SYSTEM)
    ratio = results.ratio(letter, name)
    figures = f"{found['cpu_ns']:,.0f}" + ("" if ratio is None else f"  ×{ratio:.2f}")
    yield text(NAME_WIDTH + whole + 6, y + BAR_HEIGHT - 3, figures, weight)


def panel(results, workload, x, y):
    letter = workload.letter
    most = max((results.medians[where]["cpu_ns"] for where in results.medians if where[0] == letter), default=0)
    yield f'<g transform="translate({x} {y})">'
    yield text(0, 14, f"{letter}: {workload}", ' font-weight="bold"')
    for at, name in enumerate(results.servers):
        yield from bar(results, letter, name, HEAD - 8 + at * BAR_STEP, BAR_WIDTH / most if most else 0)
    yield "</g>"


def svg(results):
    """A file of its own, which any browser shows."""
    panel_height = HEAD + BAR_STEP * len(results.servers) + 8
    rows = -(-len(results.workloads) // COLUMNS)
    width, height = PANEL_WIDTH * COLUMNS + 20, TITLE + rows * panel_height
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
             f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">',
             f'<rect width="{width}" height="{height}" fill="white"/>',
             text(10, 20, "Server CPU, ns per message", ' font-size="15" font-weight="bold"'),
             text(10, 37, f"Dark: in user space. Light: in the kernel. ×: ratio to {results.servers[0]}. Shorter is better.")]
    for at, workload in enumerate(results.workloads):
        row, column = divmod(at, COLUMNS)
        lines += panel(results, workload, 10 + column * PANEL_WIDTH, TITLE + row * panel_height)
    return "\n".join([*lines, "</svg>", ""])
