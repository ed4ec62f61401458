"""What each server is asked to do: so many connections, each with so many messages of one kind in flight, all echoed."""

import dataclasses
import resource

# Descriptors that a server and the load need beside those of the connections.
OTHER_DESCRIPTORS = 256


@dataclasses.dataclass(frozen=True)
class Workload:
    letter: str
    connections: int
    payload_bytes: int
    kind: str  # text or binary
    fill: str  # ascii, utf8 or random
    in_flight: int  # messages, on each connection

    def load_options(self):
        """Of mote_load."""
        return ["--connections", str(self.connections), "--payload", str(self.payload_bytes), f"--{self.kind}",
                "--fill", self.fill, "--pipeline", str(self.in_flight)]

    def __str__(self):
        fill = {"ascii": "", "utf8": " of mixed scripts", "random": ""}[self.fill]
        connections = "1 connection" if self.connections == 1 else f"{self.connections:,} connections"
        return f"{connections}, {bytes_text(self.payload_bytes)} {self.kind}{fill}, {self.in_flight} in flight"


def bytes_text(count):
    for unit, size in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= size and count % size == 0:
            return f"{count // size} {unit}"
    return f"{count} B"


def connections_possible(wanted):
    """As many as the limit of descriptors lets a process hold, which is raised as far as it goes."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return wanted if hard == resource.RLIM_INFINITY else max(1, min(wanted, hard - OTHER_DESCRIPTORS))


def all_workloads():
    """By letter, in the order of the tables."""
    rows = [
        Workload("a", 64, 20, "text", "ascii", 1),
        Workload("b", 64, 20, "text", "ascii", 32),
        Workload("c1", 64, 1024, "binary", "random", 1),
        Workload("c16", 64, 1024, "binary", "random", 16),
        Workload("d", 16, 16 * 1024, "binary", "random", 4),
        Workload("e", 4, 1024 * 1024, "binary", "random", 1),
        Workload("f", 1, 20, "text", "ascii", 1),
        Workload("g", connections_possible(10_000), 20, "text", "ascii", 1),
        Workload("j", 16, 16 * 1024, "text", "utf8", 4),
        Workload("ja", 16, 16 * 1024, "text", "ascii", 4),
    ]
    return {workload.letter: workload for workload in rows}
