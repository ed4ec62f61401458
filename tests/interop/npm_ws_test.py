"""npm's ws, on Node.js, against mote: the cases are in npm_ws_cases.js."""

import json
import os
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import harness


class NpmWs(harness.Certificates, harness.Programs, unittest.TestCase):
    def run_cases(self, echo, interop, on, takeover):
        self.assertTrue((HERE / "node_modules/ws").is_dir(), "npm's ws is missing: ./dev test installs it")
        patience_ms = str(harness.PATIENCE_SECONDS * 1000)
        urls = [server.url() for server in (echo, interop, on, takeover)]
        node = subprocess.run(["node", HERE / "npm_ws_cases.js", *urls, patience_ms], capture_output=True,
                              encoding="utf-8", timeout=5 * harness.PATIENCE_SECONDS,
                              env={**os.environ, "NODE_EXTRA_CA_CERTS": self.root})
        results = [json.loads(line) for line in node.stdout.splitlines()]
        self.assertTrue(results and "cases" in results[-1], f"node ended early: {node.stdout}{node.stderr}")
        *results, total = results
        for result in results:
            with self.subTest(result["name"]):
                self.assertIsNone(result["error"], result["error"])
        self.assertEqual(len(results), total["cases"])
        # What the server saw of the same cases.
        for line in ("^pong from mote to ws$", "^ping payload$", "^closed 3000 clean peer grüße$",
                     "^closed 3000 clean local", "^closed 1005 clean peer $", "^closed 1011 unclean local $",
                     "^closed 1006 unclean local $"):
            interop.wait_for_line(line)
        return total["cases"]

    def test_all_cases(self):
        cases = self.run_cases(self.start("echo_server", "ws://127.0.0.1:0"),
                               self.start("interop_server", "ws://127.0.0.1:0"),
                               self.start("echo_server", "ws://127.0.0.1:0", "--deflate", "on"),
                               self.start("echo_server", "ws://127.0.0.1:0", "--deflate", "takeover"))
        self.assertGreater(cases, 25)

    def test_all_cases_over_tls(self):
        cases = self.run_cases(self.start_tls("echo_server"), self.start_tls("interop_server"),
                               self.start_tls("echo_server", "--deflate", "on"),
                               self.start_tls("echo_server", "--deflate", "takeover"))
        self.assertGreater(cases, 28)


if __name__ == "__main__":
    harness.main()
