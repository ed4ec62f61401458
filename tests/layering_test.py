#!/usr/bin/env python3
"""Checks the house rules that a compiler does not: which file may include what, and that every source is built.

core <- proto <- net, never the other way. Each outside thing lives in one place: epoll in the reactor, OpenSSL in the
handshake and behind the TLS transport, intrinsics in the kernels. Public headers include no internal header; examples and the load generator see only those.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Folder of the including file -> folders whose headers it may name in quotes.
MAY_INCLUDE = {
    "include": (),
    "core": ("core",),
    "proto": ("core", "proto"),
    "net": ("core", "proto", "net"),
    "bench": ("core", "proto", "net", "bench", "tests"),  # certificates for the TLS ones
    "load": ("load",),
    "tests": ("core", "proto", "net", "load", "tests"),
    "examples": ("chat_html.h",),  # made from chat.html by the build
}

# Public headers that code without descriptors and user callbacks has business with.
PUBLIC_FOR_CORE = re.compile(r"mote/(callback|log)\.h")
PUBLIC_FOR_PROTO = re.compile(
    r"mote/(callback|client_options|close|compression|connection_info|error|headers|http|log|options|prepared_message)\.h")

# Outside header -> the files that may include it; of the library only, tests and examples are free.
HOMES = {
    r"sys/(epoll|eventfd)\.h": r"core/(reactor|mailbox)\.\w+",
    r"openssl/.*": r"proto/(handshake|base64)\.\w+|net/tls_\w+\.\w+",
    r"zlib\.h": r"proto/(in|de)flater\.\w+",
    r"(\w*intrin|arm_neon|arm_sve|cpuid)\.h": r"core/(unmask|utf8|cpu)\w*\.\w+",
    r"(sys/socket|sys/un|netdb|netinet/\w+|arpa/\w+)\.h": r"net/.*",
}

LIBRARY = ("core", "proto", "net")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def violations(path, text):
    """The forbidden includes of one file; `path` is relative to the root, with slashes."""
    folder = path.split("/")[0]
    for bracket, header in INCLUDE.findall(text):
        if bracket == '"' and header.split("/")[0] not in MAY_INCLUDE[folder]:
            yield f'{path}: must not include "{header}"'
        if bracket == "<" and header.split("/")[0] in LIBRARY:
            yield f'{path}: internal headers are named in quotes: <{header}>'
        if folder == "include" and bracket == "<" and header.endswith(".h") and not header.startswith("mote/"):
            yield f"{path}: a public header includes the standard library and mote only, not <{header}>"
        if folder == "core" and header.startswith("mote/") and not PUBLIC_FOR_CORE.fullmatch(header):
            yield f"{path}: core knows no protocol, so not <{header}>"
        if folder == "proto" and header.startswith("mote/") and not PUBLIC_FOR_PROTO.fullmatch(header):
            yield f"{path}: proto knows no connection, so not <{header}>"
        if folder in LIBRARY:
            for outside, home in HOMES.items():
                if re.fullmatch(outside, header) and not re.fullmatch(home, path):
                    yield f"{path}: <{header}> belongs in {home}"


def unlisted(cmake_list, folder, pattern):
    """Sources under `folder` that the explicit list does not name: they would never be built."""
    listed = (ROOT / cmake_list).read_text()
    base = (ROOT / cmake_list).parent
    for source in sorted((ROOT / folder).glob(pattern)):
        name = source.relative_to(base).as_posix()
        if not re.search(rf"^\s*{re.escape(name)}$", listed, re.MULTILINE):
            yield f"{source.relative_to(ROOT)}: not in {cmake_list}"


def self_test():
    """Each rule finds what it is there for."""
    bad = {
        "core/reactor.cc": '#include "proto/frame.h"',
        "core/mailbox.h": "#include <mote/server.h>",
        "proto/frame.cc": '#include "net/session.h"',
        "proto/headers.cc": "#include <mote/connection.h>",
        "include/mote/log.h": '#include "core/log.h"',
        "include/mote/close.h": "#include <sys/types.h>",
        "net/server.cc": "#include <sys/epoll.h>",
        "net/socket.cc": "#  include <openssl/sha.h>",
        "proto/deflate_pool.h": "#include <zlib.h>",
        "net/output.cc": "#include <core/byte_buffer.h>",
        "proto/message_reader.cc": "#include <immintrin.h>",
        "core/reactor.h": "#include <netinet/in.h>",
        "examples/chat.cc": '#include "core/log.h"',
        "load/run.cc": '#include "net/client_hub.h"',
    }
    good = {
        "core/reactor.cc": '#include "core/reactor.h"\n#include <sys/epoll.h>\n#include <mote/log.h>',
        "core/utf8_avx2.cc": "#include <immintrin.h>",
        "proto/handshake.cc": '#include <openssl/evp.h>\n#include "core/random.h"',
        "net/socket.cc": '#include <sys/socket.h>\n#include <netinet/in.h>\n#include "proto/frame.h"\n#include <mote/connection.h>',
        "tests/net/x_test.cc": '#include "tests/support/x.h"\n#include <sys/socket.h>',
    }
    for path, text in bad.items():
        assert list(violations(path, text)), f"not found: {path}: {text}"
    for path, text in good.items():
        assert not list(violations(path, text)), list(violations(path, text))


def main():
    self_test()
    found = []
    for folder in MAY_INCLUDE:
        for source in sorted((ROOT / folder).rglob("*.*")):
            if source.suffix in (".h", ".cc", ".inc") and not {"node_modules", "consumer"} & set(source.parts):
                found += violations(source.relative_to(ROOT).as_posix(), source.read_text(encoding="utf-8"))
    for folder in LIBRARY:
        found += unlisted("CMakeLists.txt", folder, "*.cc")
        found += unlisted("tests/CMakeLists.txt", f"tests/{folder}", "*_test.cc")
    found += unlisted("tests/CMakeLists.txt", "tests/support", "*.cc")
    found += unlisted("tests/evidence/CMakeLists.txt", "tests/evidence", "*.cc")
    found += unlisted("load/CMakeLists.txt", "load", "*.cc")
    found += unlisted("tests/CMakeLists.txt", "tests/load", "*_test.cc")
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
