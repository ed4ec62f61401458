#include <chrono>
#include <cstdio>
#include <string>

#include "tests/fault/scenario.h"
#include "tests/fault/scripts.h"
#include "tests/fault/stage.h"
#include "tests/support/client_frame.h"

namespace mote::fault {
namespace {

using namespace script;
using test::client_frame;
using test::upgrade_request;

constexpr unsigned kUnknownOpcode = 3;

/// In the one file of the folder, which the run before has written.
void keep_evidence(Stage& stage) {
  std::remove(stage.folder_file("mote-evidence-0000").c_str());
  stage.options.evidence_bytes = 1000;
  stage.options.evidence_folder = stage.folder_file("");
  stage.options.evidence_files = 1;
}

void start_with_limits(Stage& stage) {
  stage.from_the_start = true;
  keep_evidence(stage);
  stage.options.trusted_proxies = {"10.0.0.0/8", "unix"};
  stage.options.max_connections_per_address = 10;
  stage.options.max_handshakes_per_address = 10;
  stage.options.slow_callback = std::chrono::hours(1);
}

void evidence(Stage& stage) {
  keep_evidence(stage);
  stage.visitor().echo("hello").say(client_frame(kUnknownOpcode, "x")).hear_close(1002).hear_end();
}

/// More than is kept.
void evidence_of_much(Stage& stage) {
  keep_evidence(stage);
  Peer& peer = stage.visitor();
  for (int i = 0; i < 10; ++i) peer.echo(std::string(300, 'e'));
  peer.say(client_frame(kText, "\xFF")).hear_close(1007).hear_end();
}

void evidence_of_a_request(Stage& stage) {
  keep_evidence(stage);
  stage.guest().say("GET / HTTP/1.1\r\n\r\n").hear_head(400);
}

void connections_per_address(Stage& stage) {
  const std::string from = "X-Forwarded-For: 192.0.2.1\r\n";
  stage.options.trusted_proxies = {"unix"};
  stage.options.max_connections_per_address = 1;
  leave(stage.visitor(from).echo("one"));
  stage.guest().wait_ms(1).say(upgrade_request("/", "X-Forwarded-For: 192.0.2.2\r\n")).hear_head(101).close();
}

void handshakes_per_address(Stage& stage) {
  stage.options.trusted_proxies = {"unix"};
  stage.options.max_handshakes_per_address = 100;
  for (int i = 0; i < 3; ++i) leave(stage.visitor("X-Forwarded-For: 192.0.2.1\r\n").echo("hello"));
}

/// A part of a message, which is more than all may hold.
void memory_budget(Stage& stage) {
  stage.options.memory_budget_bytes = 100'000;
  const std::string message = client_frame(kText, std::string(200'000, 'p'));
  stage.visitor().echo("hello").say(message.substr(0, 150'000)).hear_close(1013).hear_end();
}

void slow_callback(Stage& stage) {
  stage.options.slow_callback = std::chrono::hours(1);
  leave(stage.visitor().echo("hello"));
}

}  // namespace

std::vector<Scenario> limit_scenarios() {
  const auto make = [](std::string_view name, void (*set)(Stage&)) { return Scenario{"limits", name, set}; };
  return {
      make("start-with-limits", start_with_limits),
      make("evidence", evidence),
      make("evidence-of-much", evidence_of_much),
      make("evidence-of-a-request", evidence_of_a_request),
      make("connections-per-address", connections_per_address),
      make("handshakes-per-address", handshakes_per_address),
      make("memory-budget", memory_budget),
      make("slow-callback", slow_callback),
  };
}

}  // namespace mote::fault
