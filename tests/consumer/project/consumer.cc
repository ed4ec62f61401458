// Uses enough of mote that a missing library or header would show: a server that starts, and ends at once.
#include <cstdint>

#include <mote/mote.h>

int main() {
  mote::Server server("ws://127.0.0.1:0");
  server.start(
      [](mote::Connection& socket) { socket.on_message([&socket](std::string_view text) { socket.send(text); }); });
  const bool bound = server.port() != 0;
  server.stop();
  server.run();

  // What a compiler would warn of under mote's own flags and not under this program's.
  const std::int64_t wide = server.port();
  const int narrow = wide;
  return bound && narrow == (int)wide ? 0 : 1;
}
