"""A client and a server of mote, each a process of its own: from "Hello World" to a nice end, or to one that is not."""

import pathlib
import signal
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import harness


class HelloWorld(harness.Certificates, harness.Programs, unittest.TestCase):
    def start_servers(self, name):
        """One without and one with TLS."""
        return self.start(name, "ws://127.0.0.1:0"), self.start_tls(name)

    def start_example(self, server):
        return self.start_client("client", "--ca", self.root, server.url())

    def test_as_text_it_comes_back_and_both_sides_end_nicely(self):
        for server in self.start_servers("echo_server"):
            client = self.start_example(server)
            client.type("Hello World")
            client.wait_for_line("^Hello World$")
            client.end_input()
            self.assertEqual((client.ended(), client.log()), (0, ""))
            self.assertEqual(client.lines, ["< open ", "Hello World", "< close 1000 "])
            server.signal()
            self.assertEqual((server.ended(), server.log(), len(server.lines)), (0, "", 1))

    def test_as_binary_it_comes_back_and_both_sides_end_nicely(self):
        for server in self.start_servers("echo_server"):
            client = self.start_client("interop_client", "--ca", self.root, "--binary", "Hello World", server.url())
            self.assertEqual((client.ended(), client.log()), (0, ""))
            self.assertEqual(client.lines, ["open ", f"binary {b'Hello World'.hex()}", "closed by the client"])
            server.signal()
            self.assertEqual((server.ended(), server.log(), len(server.lines)), (0, "", 1))

    def test_the_server_sees_that_the_end_was_clean(self):
        for server in self.start_servers("interop_server"):
            client = self.start_example(server)
            client.type("Hello World")
            client.wait_for_line("^Hello World$")
            client.end_input()
            self.assertEqual(client.ended(), 0)
            server.wait_for_line("^closed 1000 clean peer $")
            self.assertEqual(server.log(), "")

    def test_a_client_that_is_killed_is_an_unclean_end_and_the_server_goes_on(self):
        for server in self.start_servers("interop_server"):
            quiet = self.start_example(server)
            killed = self.start_example(server)
            for client in (quiet, killed):
                client.type("Hello World")
                client.wait_for_line("^Hello World$")
            killed.signal(signal.SIGKILL)
            self.assertEqual(killed.wait(), -signal.SIGKILL)
            server.wait_for_line("^closed 1006 unclean transport ")
            self.assertNotIn("closed", "\n".join(killed.lines))
            # Who was connected stays so, and others come.
            for client in (quiet, self.start_example(server)):
                client.type("still here")
                client.wait_for_line("^still here$")
                client.end_input()
                self.assertEqual(client.ended(), 0)
            harness.eventually(lambda: server.lines.count("closed 1000 clean peer ") == 2, "two clean ends")

    def test_a_server_that_is_killed_is_an_unclean_end_for_the_client(self):
        for server in self.start_servers("interop_server"):
            client = self.start_example(server)
            client.type("Hello World")
            client.wait_for_line("^Hello World$")
            server.crash()
            self.assertEqual(client.ended(), 1)
            self.assertEqual(client.lines[-1], "< close 1006 ")
            self.assertRegex(client.log(), r"\Aclient: [^\n]+\n\Z")

    def test_a_server_that_ends_says_1001_and_the_client_ends_nicely(self):
        for server in self.start_servers("echo_server"):
            client = self.start_example(server)
            client.type("Hello World")
            client.wait_for_line("^Hello World$")
            server.signal()
            self.assertEqual(client.ended(), 0)
            self.assertEqual(client.lines[-1], "< close 1001 ")
            self.assertEqual(server.ended(), 0)


class CommandLine(harness.Programs, unittest.TestCase):
    def test_what_makes_no_sense_is_exit_code_2(self):
        for arguments, about in ((["--frobnicate"], "--frobnicate"), (["--ca"], "--ca"), ([], '""'),
                                 (["http://127.0.0.1"], "http://127.0.0.1"),
                                 (["--ca", "/nonexistent.pem", "wss://127.0.0.1:1"], "/nonexistent.pem")):
            client = self.start_client("client", *arguments)
            self.assertEqual(client.ended(), 2)
            self.assertRegex(client.log(), r"\Aclient: [^\n]+\nclient \[[^\n]+\n\Z")
            self.assertIn(about, client.log())


if __name__ == "__main__":
    harness.main()
