#include <string>

#include "tests/abuse/clock.h"
#include "tests/abuse/crowd.h"
#include "tests/abuse/gathering.h"
#include "tests/abuse/scenario.h"
#include "tests/abuse/server_process.h"
#include "tests/support/client_frame.h"

// Peers that send messages to be echoed as long as the server takes any, and never read. What the server holds for each
// is bounded by the soft limit, a message, and what one read brought; when the write timeout has passed they are
// dropped and it holds nothing.
namespace mote::abuse {
namespace {

constexpr std::size_t kMessageBytes = 16 * 1024;
constexpr std::int64_t kMostForEach = 64 * 1024 + 2 * 256 * 1024;  // soft limit, and a turn's input and its echo

/// Keeps all busy until none can send any more for a while; answers the most that the server held meanwhile.
ServerFacts send_until_stuck(Crowd& crowd, const ServerProcess& server) {
  const std::string message = test::client_frame(1, std::string(kMessageBytes, 'd'));
  ServerFacts most;
  std::uint64_t before = 0;
  unsigned quiet = 0;
  while (quiet < 5 && crowd.open() != 0) {
    const auto look = after(0.1);
    while (Clock::now() < look) {
      crowd.for_each_open([&](Crowd::Id id) {
        if (crowd.said(id)) crowd.say(id, message);
      });
      crowd.turn(1);
    }
    const ServerFacts now = server.facts();
    if (now.memory_bytes > most.memory_bytes) most = now;
    quiet = now.messages == before ? quiet + 1 : 0;
    before = now.messages;
  }
  return most;
}

}  // namespace

void play_deaf(const Settings& settings, Report& report) {
  const auto wanted = settings.pick<std::size_t>(1'000, 50);
  Options options;
  options.write_timeout = std::chrono::milliseconds(settings.pick(5'000, 1'000));
  const ServerProcess server({.options = options, .tls = settings.tls});
  const ServerFacts empty = server.facts();
  Crowd crowd(server.door(), 2);
  crowd.events.opened = [&](Crowd::Id id) { crowd.go_deaf(id); };
  const std::size_t open = gather(crowd, wanted, 30);
  const ServerFacts most = send_until_stuck(crowd, server);
  report.figure("peers that never read", open);
  report.figure("messages that were taken from them", most.messages);
  report.figure("the most that the server held, in all", mebibytes(most.memory_bytes));
  report.figure("for each", std::to_string(most.memory_bytes / static_cast<std::int64_t>(wanted) / 1024) + " KiB");
  report.figure("server's resident memory then", mebibytes(most.resident_bytes));
  report.must(open == wanted, "all are there");
  report.must(most.memory_bytes < kMostForEach * static_cast<std::int64_t>(wanted),
              "it is bounded: below " + std::to_string(kMostForEach / 1024) + " KiB for each");

  ServerFacts left = server.facts();
  crowd.turn_until([&] { return (left = server.facts()).connections == 0; }, 60);
  report.figure("held when they were dropped", static_cast<std::uint64_t>(left.memory_bytes));
  report.must(left.connections == 0 && left.closed == left.opened, "the write timeout drops them all");
  report.must(left.memory_bytes == 0 && left.descriptors == empty.descriptors, "and nothing of them is held");
}

}  // namespace mote::abuse
