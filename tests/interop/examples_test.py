"""The examples that other tests do not run, and what no browser would say to the chat."""

import asyncio
import pathlib
import re
import sys
import unittest

import websockets

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import harness


def connect(url):
    return websockets.connect(url, open_timeout=harness.PATIENCE_SECONDS, close_timeout=harness.PATIENCE_SECONDS)


async def soon(awaitable):
    return await asyncio.wait_for(awaitable, harness.PATIENCE_SECONDS)


async def receive_text(client):
    """The next message that is not the time."""
    while (message := await soon(client.recv())).startswith("time "):
        pass
    return message


class Broadcast(harness.Programs, unittest.IsolatedAsyncioTestCase):
    async def test_everybody_gets_every_message_in_one_order(self):
        server = self.start("broadcast", "ws://127.0.0.1:0")
        async with connect(server.url()) as ann, connect(server.url()) as bob, connect(server.url()) as eve:
            clients = (ann, bob, eve)

            async def say(client, name):
                for number in range(100):
                    await client.send(f"{name} {number}")

            await asyncio.gather(say(ann, "ann"), say(bob, "bob"))
            heard = [[await receive_text(client) for _ in range(200)] for client in clients]
            self.assertEqual(heard[0], heard[1])
            self.assertEqual(heard[0], heard[2])
            for name in ("ann", "bob"):
                said = [line for line in heard[0] if line.startswith(name)]
                self.assertEqual(said, [f"{name} {number}" for number in range(100)])

    async def test_who_left_is_missed_by_nobody(self):
        server = self.start("broadcast", "ws://127.0.0.1:0")
        async with connect(server.url()) as ann:
            async with connect(server.url()) as bob:
                await bob.send("bye")
                self.assertEqual(await receive_text(ann), "bye")
            await ann.send("alone")
            self.assertEqual(await receive_text(ann), "alone")

    async def test_the_time_comes_from_another_thread(self):
        server = self.start("broadcast", "ws://127.0.0.1:0")
        async with connect(server.url()) as ann, connect(server.url()) as bob:
            for client in (ann, bob):
                times = [await soon(client.recv()) for _ in range(2)]
                for line in times:
                    self.assertRegex(line, r"^time \d+$")
                first, second = (int(re.sub(r"\D", "", line)) for line in times)
                self.assertGreaterEqual(second, first)


class Chat(harness.Programs, unittest.IsolatedAsyncioTestCase):
    async def test_a_pong_that_answers_no_ping_is_no_round_trip(self):
        server = self.start("chat", "ws://127.0.0.1:0")
        async with connect(server.url()) as ann:
            await ann.send("Ann")
            for pong in (bytes(7) + b"\x80", bytes(8), b"\xff" * 8, b""):
                await ann.pong(pong)
            await ann.send("hi")
            while (line := await soon(ann.recv())) != "say 1 hi":
                self.assertRegex(line, r"^(me|join) 1 |^rtt 1 \d{1,5}\.\d\d$")


class PerConnectionState(harness.Programs, unittest.IsolatedAsyncioTestCase):
    async def ask(self, client, question):
        await client.send(question)
        return await soon(client.recv())

    async def test_each_connection_has_a_counter_and_a_room_of_its_own(self):
        server = self.start("per_connection_state", "ws://127.0.0.1:0")
        async with connect(server.url("/red?seat=1")) as ann, connect(server.url("/blue")) as bob:
            await ann.send("add 40")
            await bob.send("add -1")
            await ann.send("add 2")
            self.assertEqual(await self.ask(ann, "total"), "42")
            self.assertEqual(await self.ask(bob, "total"), "-1")
            self.assertEqual(await self.ask(ann, "messages"), "4 in room /red?seat=1")
            self.assertEqual(await self.ask(bob, "messages"), "3 in room /blue")

    async def test_a_sum_that_is_too_large_ends_the_connection(self):
        server = self.start("per_connection_state", "ws://127.0.0.1:0")
        async with connect(server.url()) as client:
            await client.send(f"add {2**63 - 1}")
            await client.send("add 1")
            with self.assertRaises(websockets.ConnectionClosed):
                await soon(client.recv())
            self.assertEqual((client.close_code, client.close_reason), (4001, "too much"))

    async def test_closes_with_4000_what_it_does_not_know(self):
        server = self.start("per_connection_state", "ws://127.0.0.1:0")
        async with connect(server.url()) as client:
            await client.send("dance")
            with self.assertRaises(websockets.ConnectionClosed):
                await soon(client.recv())
            self.assertEqual((client.close_code, client.close_reason), (4000, "unknown command"))


if __name__ == "__main__":
    harness.main()
