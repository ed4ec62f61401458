"""Headless Chromium against mote: two pages of the chat example, and WebSocket as a script in a page sees it."""

import base64
import hashlib
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import unittest

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import harness


def start_browser(profile, *more_arguments):
    """A Chromium with a new, empty profile that talks to nobody by itself."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                     "--disable-background-networking", "--disable-component-update", "--disable-sync",
                     "--disable-dev-shm-usage", "--no-proxy-server", "--window-size=900,600",
                     f"--user-data-dir={profile}", *more_arguments):
        options.add_argument(argument)
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    driver.set_page_load_timeout(harness.PATIENCE_SECONDS)
    driver.set_script_timeout(harness.PATIENCE_SECONDS)
    return driver


class BrowserTest(harness.Programs, unittest.TestCase):
    @classmethod
    def browser_arguments(cls):
        """More than every browser gets."""
        return []

    @classmethod
    def setUpClass(cls):
        try:
            socket.getaddrinfo("localhost", None)
        except OSError as error:
            raise unittest.SkipTest("ChromeDriver needs the name localhost: has this machine no /etc/hosts?") from error
        profile = tempfile.TemporaryDirectory(prefix="mote-chromium-", ignore_cleanup_errors=True)
        cls.driver = start_browser(cls.enterClassContext(profile), *cls.browser_arguments())
        cls.addClassCleanup(cls.driver.quit)


class ChatPage:
    """One page of the chat, in a window of its own."""

    def __init__(self, driver, url):
        self.driver = driver
        driver.switch_to.new_window("window")
        self.window = driver.current_window_handle
        driver.get(url)

    def use(self):
        self.driver.switch_to.window(self.window)
        return self.driver

    def texts(self, selector):
        return self.use().execute_script(
            "return [...document.querySelectorAll(arguments[0])].map(found => found.textContent)", selector)

    def wait_until(self, condition, what):
        self.use()
        WebDriverWait(self.driver, harness.PATIENCE_SECONDS, poll_frequency=0.02).until(
            lambda _: condition(), f"{what}; the page says: {self.use().find_element(By.TAG_NAME, 'body').text!r}")

    def online(self):
        return self.texts("#online li span:first-child")

    def round_trip_times(self):
        return self.texts("#online li span:last-child")

    def said(self):
        """What guests said, without the notes of who came and went: "NAME: TEXT"."""
        return self.use().execute_script(
            "return [...document.querySelectorAll('#messages li')].filter(line => line.querySelector('b'))"
            ".map(line => line.querySelector('b').textContent + ': ' + line.lastChild.textContent)")

    def say(self, text):
        # Not typed by send_keys, which knows no character beyond U+FFFF.
        self.use().execute_script("document.getElementById('text').value = arguments[0];"
                                  "document.querySelector('button').click()", text)

    def leave(self):
        self.use().close()


class Chat(BrowserTest):
    def setUp(self):
        self.server = self.start("chat", "ws://127.0.0.1:0/chat")
        self.first_window = self.driver.current_window_handle

    def tearDown(self):
        for window in self.driver.window_handles:
            if window != self.first_window:
                self.driver.switch_to.window(window)
                self.driver.close()
        self.driver.switch_to.window(self.first_window)

    def join(self, name):
        return ChatPage(self.driver, self.server.url(f"/?name={name}", scheme="http"))

    def test_two_pages_chat_with_each_other(self):
        ann, bob = self.join("ann"), self.join("bob")
        for page in (ann, bob):
            page.wait_until(lambda: sorted(page.online()) == ["ann", "bob"], "both see both online")

        markup = "<img src=x onerror=\"document.title='owned'\"><b>bold</b> &amp; 'quotes'"
        dialogue = [(ann, "ann", "hello bob"), (bob, "bob", "hello ann"),
                    (ann, "ann", "grüße, 世界 🌍"), (bob, "bob", markup)]
        expected = []
        for page, name, text in dialogue:
            page.say(text)
            expected.append(f"{name}: {text}")
            for reader in (ann, bob):
                reader.wait_until(lambda: reader.said() == expected, f"the messages so far are {expected}")
        for page in (ann, bob):
            self.assertEqual(page.texts("#messages img, #messages b b"), [], "a message became markup")
            self.assertEqual(page.use().title, "mote chat")

        for page in (ann, bob):
            page.wait_until(lambda: all(re.fullmatch(r"\d+\.\d+ ms", time) for time in page.round_trip_times()),
                            "both round-trip times are known")
        screenshot = harness.programs.parent / "chat.png"
        self.assertTrue(ann.use().save_screenshot(str(screenshot)))
        print(f"screenshot: {screenshot}", file=sys.stderr)

        bob.leave()
        ann.wait_until(lambda: ann.online() == ["ann"], "bob is gone from the list")
        self.assertIn("bob has left", ann.texts("#messages .note"))

    def test_a_name_is_cut_between_characters(self):
        ann, long = self.join("ann"), self.join("€" * 20)  # 60 bytes: the 40th is within a character
        ann.wait_until(lambda: len(ann.online()) == 2, "the guest with the long name has come")
        self.assertEqual(ann.online()[1], "€" * 13)
        long.say("I am here")
        ann.wait_until(lambda: ann.said() == ["€" * 13 + ": I am here"], "the guest with the long name is heard")

    def test_the_page_tells_when_the_server_ends(self):
        ann = self.join("ann")
        ann.wait_until(lambda: ann.online() == ["ann"], "ann is online")
        self.server.stop()
        ann.wait_until(lambda: "1001" in ann.texts("#state")[0], "the page tells that the server went away")


class Script(BrowserTest):
    """`new WebSocket` in a page that mote has served."""

    def start_server(self, name, *options):
        return self.start(name, "ws://127.0.0.1:0", *options)

    def setUp(self):
        self.server = self.start_server("interop_server")
        self.driver.get(self.server.url("/page", scheme="http"))

    def run_script(self, body, path="/", protocols=(), server=None):
        """Runs `body`, an async function's, with an open `socket`, `next()` for the next message and `closed`."""
        result = self.driver.execute_async_script("""
            const [url, protocols, done] = arguments;
            const socket = new WebSocket(url, protocols);
            socket.binaryType = 'arraybuffer';
            const messages = [], waiting = [];
            socket.onmessage = ({data}) => waiting.length ? waiting.shift()(data) : messages.push(data);
            const next = () => messages.length ? messages.shift() : new Promise(resolve => waiting.push(resolve));
            const closed = new Promise(resolve => socket.onclose =
              ({code, reason, wasClean}) => resolve({code, reason, wasClean}));
            const opened = new Promise(resolve => socket.onopen = () => resolve(true));
            (async () => { %s })().then(value => done({value}), fault => done({fault: String(fault.stack)}));
            """ % body, (server or self.server).url(path), list(protocols))
        self.assertNotIn("fault", result)
        return result["value"]

    def test_echoes_text(self):
        for text in ("hello", "grüße, 世界 🌍 \u0000", "", "x" * (1024 * 1024)):
            same = self.run_script(f"""
                await opened;
                const text = {"'x'.repeat(1024 * 1024)" if len(text) > 1000 else repr(text)};
                socket.send(text);
                const same = await next() === text;
                socket.close(1000);
                await closed;
                return same;""")
            self.assertTrue(same, text[:20])

    def test_echoes_binary(self):
        for size in (0, 1, 125, 126, 65535, 65536, 1024 * 1024):
            same = self.run_script(f"""
                await opened;
                const bytes = Uint8Array.from({{length: {size}}}, (_, i) => i * 7);
                socket.send(bytes.buffer);
                const answer = new Uint8Array(await next());
                socket.close(1000);
                await closed;
                return answer.length === bytes.length && answer.every((byte, i) => byte === bytes[i]);""")
            self.assertTrue(same, size)

    def test_echoes_compressed_messages(self):
        for mode, parameters in (("on", "; server_no_context_takeover; client_no_context_takeover"), ("takeover", "")):
            echo = self.start_server("echo_server", "--deflate", mode)
            extensions, same = self.run_script("""
                await opened;
                let same = true;
                for (const text of ['hello', '', '', 'hello', 'x'.repeat(100000), 'ü'.repeat(300000), 'hello']) {
                  socket.send(text);
                  same = same && await next() === text;
                }
                socket.close(1000);
                await closed;
                return [socket.extensions, same];""", server=echo)
            self.assertEqual(extensions, "permessage-deflate" + parameters)
            self.assertTrue(same)

    def test_uses_no_extension_and_sends_origin_path_and_cookies(self):
        self.driver.add_cookie({"name": "session", "value": "abc"})
        extensions, text = self.run_script(
            "await opened; socket.send('info'); const text = await next(); socket.close();"
            "return [socket.extensions, text];", path="/room/7?x=1")
        self.assertEqual(extensions, "", "permessage-deflate, which Chromium offers, is declined")
        lines = text.split("\n")
        for line in ("path /room/7?x=1", "origin " + self.server.url(scheme="http"), "cookie session=abc",
                     f"host 127.0.0.1:{self.server.port}"):
            self.assertIn(line, lines)
        self.assertIn("\nheader Sec-WebSocket-Extensions: permessage-deflate", text)
        # The 101 set a cookie.
        self.assertEqual(self.driver.get_cookie("seen")["value"], "yes")

    def test_the_subprotocol_is_chosen(self):
        for offered, chosen in ((("chat.v1", "chat.v2"), "chat.v1"), (("other", "chat.v2"), "chat.v2")):
            protocol = self.run_script("await opened; socket.close(); return socket.protocol;", protocols=offered)
            self.assertEqual(protocol, chosen)

    def test_a_browser_fails_without_a_common_subprotocol(self):
        # RFC 6455 §4.1: a client may do so; Chromium does.
        ending = self.run_script("return await closed;", protocols=("other",))
        self.assertEqual((ending["code"], ending["wasClean"]), (1006, False))

    def test_the_pages_close_is_seen_by_the_server_and_echoed(self):
        ending = self.run_script("await opened; socket.close(4001, 'bye, grüße'); return await closed;")
        self.assertEqual((ending["code"], ending["wasClean"]), (4001, True))
        self.server.wait_for_line("^closed 4001 clean peer bye, grüße$")

    def test_the_servers_close_is_clean_with_code_and_reason(self):
        for code, reason in ((1000, ""), (4002, "auf Wiedersehen, grüße"), (3000, "r" * 123)):
            ending = self.run_script(f"await opened; socket.send({f'close {code} {reason}'!r}); return await closed;")
            self.assertEqual(ending, {"code": code, "reason": reason, "wasClean": True})
            self.server.wait_for_line(f"^closed {code} clean local {reason}$")

    def test_an_abort_is_not_clean(self):
        ending = self.run_script("await opened; socket.send('abort'); return await closed;")
        self.assertEqual(ending, {"code": 1006, "reason": "", "wasClean": False})

    def test_an_exception_closes_with_1011(self):
        ending = self.run_script("await opened; socket.send('throw'); return await closed;")
        self.assertEqual(ending, {"code": 1011, "reason": "", "wasClean": True})

    def test_a_refusal_is_an_error(self):
        ending = self.run_script("return await closed;", path="/forbidden")
        self.assertEqual((ending["code"], ending["wasClean"]), (1006, False))

    def test_answers_the_servers_ping(self):
        answer = self.run_script("await opened; socket.send('ping page'); socket.send('on'); const text = await next();"
                                 "socket.close(1000); await closed; return text;")
        self.assertEqual(answer, "on")
        self.server.wait_for_line("^pong page$")


class ScriptOverTls(harness.Certificates, Script):
    """The same over https and wss. Chromium is told of one key that it may trust; it takes no authority on the way."""

    @classmethod
    def browser_arguments(cls):
        certificate, _ = cls.identity()
        pem = subprocess.run(["openssl", "x509", "-in", certificate, "-pubkey", "-noout"], check=True,
                             capture_output=True, encoding="ascii").stdout
        digest = hashlib.sha256(base64.b64decode("".join(pem.splitlines()[1:-1]))).digest()
        return [f"--ignore-certificate-errors-spki-list={base64.b64encode(digest).decode()}"]

    start_server = harness.Certificates.start_tls

    def test_a_key_that_it_does_not_trust_is_an_error(self):
        stranger = self.start_tls("interop_server", certificate="foreign")
        ending = self.run_script("return await closed;", server=stranger)
        self.assertEqual((ending["code"], ending["wasClean"]), (1006, False))

    def test_the_page_and_its_socket_have_tls_1_3(self):
        text = self.run_script("await opened; socket.send('info'); const text = await next(); socket.close();"
                               "await closed; return text;")
        self.assertIn("tls TLSv1.3", text.split("\n"))
        self.assertEqual(self.driver.execute_script("return [location.protocol, isSecureContext];"), ["https:", True])


if __name__ == "__main__":
    harness.main()
