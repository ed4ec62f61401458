"""Medians and ratios of the samples, as Markdown and as data."""

import dataclasses
import statistics

from measuring import Sample

NOTHING = "–"
FIELDS = ("cpu_ns", "user_ns", "messages_per_second", "p50_ns", "p99_ns", "resident_bytes")


def medians(samples):
    """Of each of FIELDS for itself."""
    return {field: statistics.median(getattr(sample, field) for sample in samples) for field in FIELDS}


@dataclasses.dataclass
class Results:
    """What a run came to. A server without samples at a workload has no entry there."""
    about: dict  # text -> text: machine, versions, how it was measured
    workloads: list  # of Workload
    servers: list  # of names; the ratios are to the first one
    samples: dict  # (letter, name) -> list of Sample

    def __post_init__(self):
        self.medians = {where: medians(samples) for where, samples in self.samples.items()}

    def ratio(self, letter, name, field="cpu_ns"):
        """To the first server: below 1 is less than it. None where either is missing, or the first is 0."""
        mine, base = self.medians.get((letter, name)), self.medians.get((letter, self.servers[0]))
        return mine[field] / base[field] if mine and base and base[field] else None


def markdown(results):
    """Server CPU first: it is what another machine is likely to find, too."""
    def table(title, cell):
        lines = [f"## {title}", "", f"| workload | {' | '.join(results.servers)} |",
                 f"|---|{'---:|' * len(results.servers)}"]
        for workload in results.workloads:
            cells = [cell(workload.letter, name) or NOTHING for name in results.servers]
            lines.append(f"| {workload.letter} | {' | '.join(cells)} |")
        return [*lines, ""]

    def of_medians(text):
        def cell(letter, name):
            found = results.medians.get((letter, name))
            return text(found) if found else None
        return cell

    def ratio(letter, name):
        found = results.ratio(letter, name)
        return None if found is None else f"{found:.2f}"

    def user_share(found):
        return f" ({found['user_ns'] / found['cpu_ns']:.0%})" if found["cpu_ns"] else ""

    first = results.servers[0]
    return "\n".join([
        "# Peers side by side", "",
        *(f"- {what}: {text}" for what, text in results.about.items()), "",
        *(f"- **{workload.letter}**: {workload}" for workload in results.workloads), "",
        *table("Server CPU, ns per message (of that in user space)",
               of_medians(lambda found: f"{found['cpu_ns']:,.0f}{user_share(found)}")),
        *table(f"The same as a ratio, {first} = 1.00", ratio),
        *table("Messages per second", of_medians(lambda found: f"{found['messages_per_second']:,.0f}")),
        *table("Latency, p50 / p99, µs",
               of_medians(lambda found: f"{found['p50_ns'] / 1e3:,.0f} / {found['p99_ns'] / 1e3:,.0f}")),
    ])


def as_data(results):
    """For json.dump: all that the tables show, and every sample behind it."""
    def entry(workload, name):
        where = (workload.letter, name)
        if where not in results.samples:
            return None
        return {"median": results.medians[where], "cpu_ratio": results.ratio(*where),
                "samples": [dataclasses.asdict(sample) for sample in results.samples[where]]}

    return {
        "about": results.about,
        "sample": [field.name for field in dataclasses.fields(Sample)],
        "workloads": [{**dataclasses.asdict(workload),
                       "servers": {name: entry(workload, name) for name in results.servers}}
                      for workload in results.workloads],
    }
