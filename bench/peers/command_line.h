#pragma once

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace mote::bench {

/// The port of `PROGRAM PORT`, the command line of every peer; 0 lets the kernel choose. Ends the process where there
/// is none.
inline std::uint16_t port_argument(int count, char** arguments) {
  std::uint16_t port = 0;
  const char* const text = count == 2 ? arguments[1] : "";
  const char* const text_end = text + std::strlen(text);
  const auto [end, error] = std::from_chars(text, text_end, port);
  if (error == std::errc{} && end == text_end) return port;
  std::fprintf(stderr, "usage: %s PORT\n", arguments[0]);
  std::exit(2);
}

/// What every peer prints once clients may connect: where, and which library it is with its version.
inline void announce(std::uint16_t port, const std::string& library) {
  std::printf("listening on ws://127.0.0.1:%u, %s\n", unsigned{port}, library.c_str());
  std::fflush(stdout);
}

}  // namespace mote::bench
