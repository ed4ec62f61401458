"""The servers that are compared: how each is started, and its life from then on."""

import contextlib
import dataclasses
import pathlib
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
START_SECONDS = 10
STOP_SECONDS = 5


class Unavailable(Exception):
    """A server cannot be had here; the text says why."""


@dataclasses.dataclass(frozen=True)
class Server:
    name: str
    command: tuple  # of str; {port} stands for the port that it is to listen on
    needs: tuple = ()  # files without which it is not there
    remedy: str = ""  # what brings them


def known_servers(programs):
    """All of this repository, in the order of the tables; `programs`: the folder of the built ones."""
    modules = HERE / "node_modules"
    bun = modules / "bun/bin/bun.exe"  # so on every system

    def built(name, program, remedy, address="{port}", *options):
        return Server(name, (str(programs / program), address, *options), (programs / program,), remedy)

    return [
        built("mote", "echo_server", "build with MOTE_BUILD_EXAMPLES", "ws://127.0.0.1:{port}", "--quiet"),
        built("floor", "floor", "build with MOTE_BUILD_PEERS"),
        built("beast", "beast_echo", "Debian's libboost-dev, MOTE_BUILD_PEERS"),
        built("websocketpp", "websocketpp_echo", "Debian's libwebsocketpp-dev and libboost-dev, MOTE_BUILD_PEERS"),
        built("libwebsockets", "libwebsockets_echo", "Debian's libwebsockets-dev, MOTE_BUILD_PEERS"),
        Server("bun", (str(bun), str(HERE / "bun_echo.js"), "{port}"), (bun,), "npm ci in bench/peers"),
        Server("ws", ("node", str(HERE / "ws_echo.js"), "{port}"), (modules / "ws",), "npm ci in bench/peers"),
    ]


def other_server(text):
    """From NAME=COMMAND, the command as a shell would split it."""
    name, equals, command = text.partition("=")
    if not re.fullmatch(r"[\w.-]+", name) or not equals or "{port}" not in command:
        raise ValueError(f'a server is given as NAME=COMMAND, with {{port}} in the command, not "{text}"')
    return Server(name, tuple(shlex.split(command)))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RunningServer:
    """A server from its start, after which it accepts connections, until stop()."""

    def __init__(self, server):
        missing = [path for path in server.needs if not path.exists()]
        if missing or not shutil.which(server.command[0]):
            raise Unavailable(server.remedy or f"there is no {server.command[0]}")
        self.name = server.name
        self.port = free_port()
        command = [word.replace("{port}", str(self.port)) for word in server.command]
        self._output = tempfile.TemporaryFile()
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._output,
                                         stderr=subprocess.STDOUT)
        try:
            self._wait_until_it_accepts()
        except BaseException:
            self.stop()
            raise

    def _wait_until_it_accepts(self):
        deadline = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", self.port)):
                return
            if not self.is_running() or time.monotonic() > deadline:
                raise Unavailable(f"it does not listen; its output: {self.output().strip() or 'none'}")
            time.sleep(0.01)  # between two looks, not in place of one

    @property
    def pid(self):
        return self._process.pid

    def is_running(self):
        return self._process.poll() is None

    def output(self):
        """What it has printed so far."""
        self._output.seek(0)
        return self._output.read().decode("utf-8", "replace")

    def library(self):
        """Which library of which version it says it is, after the address in its greeting; may be empty."""
        greeting = re.search(rf":{self.port}/?, (.*)", self.output())
        return greeting[1] if greeting else ""

    def stop(self):
        """Ends it, by force where it does not end by itself."""
        if self.is_running():
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._output.close()
