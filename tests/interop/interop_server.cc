// What the examples do not show, for the clients of tests/interop: subprotocols, headers, a refusal, and a server that
// its clients command, see commands.h.
//
//     interop_server [LOCATION [CERTIFICATE KEY]]     default ws://127.0.0.1:0

#include <mote/mote.h>

#include <chrono>
#include <csignal>
#include <string>

#include "tests/interop/commands.h"

namespace {

mote::Server* running = nullptr;

void decide(const mote::HttpRequest& request, mote::UpgradeDecision& decision) {
  if (request.path == "/forbidden") decision.reject(403, "not here");
  decision.header("Set-Cookie", "seen=yes; Path=/");
  decision.header("X-Server", "mote");
}

}  // namespace

int main(int count, char** arguments) {
  // Longer than a test waits: whoever has to be waited for in vain is noticed.
  constexpr std::chrono::minutes forever(2);
  mote::Options options{.subprotocols = {"chat.v2", "chat.v1"}, .close_timeout = forever};
  if (count > 3) {
    options.tls.certificate_chain_file = arguments[2];
    options.tls.private_key_file = arguments[3];
  }
  mote::Server server(count > 1 ? arguments[1] : "ws://127.0.0.1:0", options);
  server.on_upgrade(decide);
  // A page of the same origin, for scripts in browsers.
  server.serve("/page", "text/html; charset=utf-8", "<!doctype html><title>mote interop</title>");
  server.start(interop::commanded());
  running = &server;
  std::signal(SIGTERM, [](int) { running->drain(std::chrono::minutes(2)); });
  interop::print("listening on " + server.location());
  server.run();
  std::signal(SIGTERM, SIG_DFL);  // the server that the handler knows is about to go
}
