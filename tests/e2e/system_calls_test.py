"""What echo_server asks of the kernel, counted by strace: nothing while idle, and on a busy path the least possible.

Counts, never times: a loaded machine makes fewer and fuller turns, not more system calls.
"""

import collections
import pathlib
import re
import resource
import selectors
import shutil
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import harness
from raw_socket import CLOSE, PING, PONG, TEXT, RawSocket, client_frame

RECEIVE = {"recv", "recvfrom", "recvmsg", "read"}
SEND = {"send", "sendto", "sendmsg", "write", "writev"}
WAIT = {"epoll_wait", "epoll_pwait", "epoll_pwait2"}
ALARM = {"timerfd_settime"}
MEMORY = {"brk", "mmap", "munmap"}  # the heap grows and shrinks

# Far enough for no timer's coarse slot to come up while a test runs.
NO_TIMERS = ("--ping-interval", "3600", "--handshake-timeout", "3600")
LONG_SECONDS = 3


class Calls:
    """How many system calls of each kind some lines of a trace have."""

    def __init__(self, lines):
        names = collections.Counter(found[1] for line in lines if (found := re.match(r"\d+ +(\w+)\(", line)))
        self.receive = sum(names[name] for name in RECEIVE)
        self.send = sum(names[name] for name in SEND)
        self.wait = sum(names[name] for name in WAIT)
        self.alarm = sum(names[name] for name in ALARM)
        self.others = {name: names[name] for name in names.keys() - RECEIVE - SEND - WAIT - ALARM}

    def __str__(self):
        return (f"{self.receive} recv, {self.send} send, {self.wait} epoll_wait, {self.alarm} timerfd_settime, "
                f"others: {self.others or 'none'}")


class TracedServer(harness.Programs, unittest.TestCase):
    def setUp(self):
        self.assertTrue(shutil.which("strace"), "strace is missing: ./dev test installs it")
        # One descriptor for each of the thousand clients, here and in the server.
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 4096 if hard == resource.RLIM_INFINITY else min(4096, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))

    def start_traced(self, *options):
        """The server, the child of this process, with strace beside it. Each call is a line of the trace."""
        folder = tempfile.TemporaryDirectory(prefix="mote-strace-")
        self.addCleanup(folder.cleanup)
        self.trace = pathlib.Path(folder.name) / "trace"
        under = ("strace", "-D", "-f", "-q", "-s", "32", "-o", self.trace)
        try:
            return self.start("echo_server", "ws://127.0.0.1:0", *options, under=under)
        except AssertionError as error:
            raise AssertionError(f"strace cannot trace here (it needs ptrace): {error}") from None

    def lines(self):
        """The calls that have returned."""
        text = self.trace.read_text(errors="replace")
        return text[:text.rfind("\n") + 1].splitlines()

    def position_after(self, text):
        """The number of the line behind the last that has `text`, once there is one."""
        def look():
            return next((i + 1 for i, line in reversed(list(enumerate(self.lines()))) if text in line), None)
        return harness.eventually(look, f"a call with {text} in the trace")

    def fence(self, client, name):
        """The position in the trace where the server has answered `name` and all before it."""
        client.send(client_frame(TEXT, name.encode()))
        self.assertEqual(client.read_frame(), (TEXT, name.encode()))
        return self.position_after(name)

    def connect(self, server, count):
        clients = []
        for _ in range(count):
            clients.append(RawSocket.upgraded(server.port))
            self.addCleanup(clients[-1].socket.close)
        return clients

    def stop(self, server, clients=()):
        """Ends the server. Answers the signal's position in the trace, and the frames that `clients` still got."""
        server.signal()  # the first: `server.stop` may send another
        frames = [list(iter(client.read_frame, (CLOSE, b"\x03\xe9"))) for client in clients]  # 1001
        for client in clients:
            client.socket.close()
        server.stop()
        self.position_after("+++ exited")
        return next(i for i, line in enumerate(self.lines()) if "--- SIGTERM" in line), frames


class Idle(TracedServer):
    def watch(self, begin):
        """That no call returns for a long time. What is waited for is that nothing happens, so it is a sleep."""
        time.sleep(LONG_SECONDS)
        self.assertEqual(self.lines()[begin:], [])

    def test_a_server_without_connections_makes_no_system_call(self):
        server = self.start_traced()
        self.watch(self.position_after("listening on"))
        end, _ = self.stop(server)
        self.assertRegex(self.lines()[end - 1], r"epoll_wait\(\d+, .*, -1\)", "it waited, without a timeout")
        self.assertEqual(Calls(self.lines()[:end]).alarm, 0, "and without an alarm")

    def test_a_thousand_idle_connections_make_no_system_call(self):
        server = self.start_traced(*NO_TIMERS)
        clients = self.connect(server, 1000)
        self.watch(self.fence(clients[-1], "all are here"))
        self.stop(server, clients)


class Pings(TracedServer):
    def answer_pings(self, clients, rounds):
        """Answers each ping with a pong until each client has seen `rounds`; how many came to each."""
        pings = [0] * len(clients)
        deadline = time.monotonic() + harness.PATIENCE_SECONDS
        with selectors.DefaultSelector() as selector:
            for number, client in enumerate(clients):
                selector.register(client.socket, selectors.EVENT_READ, number)
            while min(pings) < rounds:
                self.assertLess(time.monotonic(), deadline, f"pings so far: {min(pings)} to {max(pings)}")
                for key, _ in selector.select(1):
                    client = clients[key.data]
                    client.receive_more()
                    while frame := client.buffered_frame():
                        self.assertEqual(frame, (PING, b""))
                        pings[key.data] += 1
                        client.send(client_frame(PONG))
        return pings

    def test_pings_cost_a_send_and_a_recv_for_each_connection(self):
        began = time.monotonic()
        server = self.start_traced("--ping-interval", "1", "--handshake-timeout", "3600")
        clients = self.connect(server, 1000)
        opened = "101 Switching"
        harness.eventually(lambda: sum(opened in line for line in self.lines()) == len(clients), "all are open")
        begin = self.position_after(opened)
        answered = self.answer_pings(clients, rounds=3)
        end, late = self.stop(server, clients)
        elapsed = time.monotonic() - began

        pings = sum(answered) + sum(len(frames) for frames in late)
        # Of the whole trace: the signal may have come amid the pings of a turn.
        ping_sends = sum(r'"\211\0"' in line for line in self.lines())
        self.assertEqual(ping_sends, pings, "each ping is a send of its own")
        calls = Calls(self.lines()[begin:end])
        print(f"\n{len(clients)} idle connections, {pings} pings, {sum(answered)} pongs: {calls}", file=sys.stderr)
        self.assertEqual(calls.others.keys() - MEMORY, set())
        # A thousand pings of one turn are kept until its end: that may take a few pages, and none for each.
        self.assertLess(sum(calls.others.values()), pings / 100)
        self.assertLessEqual(calls.send, pings)
        self.assertLessEqual(calls.receive, sum(answered))
        self.assertLess(calls.wait, pings)
        self.assertLessEqual(calls.alarm, calls.wait)
        # Not more often than the interval of 1 s: the server's clock has moved no more than this one.
        self.assertLessEqual(max(answered), elapsed + 1)

    def test_waiting_for_a_pong_is_not_polling(self):
        # The silent one is pinged once and then waited for; the pings of the other tell how much time has passed.
        server = self.start_traced("--ping-interval", "0.2", "--handshake-timeout", "3600")
        silent, lively = self.connect(server, 2)
        begin = self.fence(lively, "both are here")
        self.answer_pings([lively], rounds=5)
        end, frames = self.stop(server, [silent, lively])
        calls = Calls(self.lines()[begin:end])
        print(f"\n5 pings, and one that is not answered: {calls}", file=sys.stderr)
        self.assertEqual(frames[0], [(PING, b"")])
        # 6 intervals at most, 2 looks in each, up to 3 waits for a look: the timer wheel's coarse slot, its finer one,
        # the tick itself. And one for each of the few frames.
        self.assertLessEqual(calls.wait, 50)


class Busy(TracedServer):
    def test_a_small_message_costs_one_recv_one_send_and_a_share_of_an_epoll_wait(self):
        rounds = 150
        server = self.start_traced(*NO_TIMERS)
        clients = self.connect(server, 64)
        begin = self.fence(clients[-1], "first fence")
        text = b"a small message, that is 32 byte"
        request = client_frame(TEXT, text)
        for _ in range(rounds):
            for client in clients:
                client.send(request)
            for client in clients:
                self.assertEqual(client.read_frame(), (TEXT, text))
        end = self.fence(clients[-1], "second fence")
        self.stop(server, clients)

        messages = len(clients) * rounds + 1  # with the fence
        calls = Calls(self.lines()[begin:end])
        print(f"\n{messages} messages on {len(clients)} connections: {calls}", file=sys.stderr)
        self.assertEqual(calls.others, {}, "nothing else is on the path of a message")
        # With one message in flight each, all are whole. The 1 % is for one that the kernel hands out in two parts.
        self.assertLessEqual(calls.receive, 1.01 * messages)
        self.assertLessEqual(calls.send, 1.01 * messages)
        self.assertGreaterEqual(calls.send, messages)
        # A share: strace slows the server and not its clients, so that there is always more than one to serve.
        self.assertLess(calls.wait, messages)


if __name__ == "__main__":
    harness.main()
