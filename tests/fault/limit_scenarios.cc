#include <chrono>
#include <string>

#include "tests/fault/scenario.h"
#include "tests/fault/scripts.h"
#include "tests/fault/stage.h"
#include "tests/support/client_frame.h"
#include "tests/support/proxy_headers.h"

namespace mote::fault {
namespace {

using namespace script;
using test::client_frame;
using test::upgrade_request;

const std::string kOne = "X-Forwarded-For: 192.0.2.1\r\n";
const std::string kOther = "X-Forwarded-For: 192.0.2.2\r\n";
constexpr std::size_t kMostRefused = 3;  // a fault may have another come first

void start_with_limits(Stage& stage) {
  stage.from_the_start = true;
  stage.options.evidence_bytes = 1000;
  stage.options.evidence_folder = stage.folder_file("");
  stage.options.trusted_proxies = {"10.0.0.0/8", "unix"};
  stage.options.max_connections_per_address = 10;
  stage.options.max_handshakes_per_address = 10;
  stage.options.slow_callback = std::chrono::hours(1);
}

/// Of one client, that has said so far only where it comes from.
Peer& behind_proxy(Stage& stage, std::int64_t after_ms) {
  return stage.stranger().wait_ms(after_ms).say("PROXY TCP4 192.0.2.1 198.51.100.2 4660 443\r\n");
}

/// The bystanders are a proxy's own, which count for nobody.
void expect_proxies(Stage& stage) {
  stage.options.trusted_proxies = {"unix"};
  stage.options.proxy_protocol = ProxyProtocol::required;
  stage.proxy_header = test::proxy_header_v2(0x20, 0, {});
}

// ---- By address

void connections_per_address(Stage& stage) {
  stage.options.trusted_proxies = {"unix"};
  stage.options.max_connections_per_address = 1;
  leave(stage.visitor(kOne).echo("one"));
  stage.guest().wait_ms(1).say(upgrade_request("/", kOther)).hear_head(101).close();
}

void too_many_connections(Stage& stage) {
  stage.options.trusted_proxies = {"unix"};
  stage.options.max_connections_per_address = 1;
  expect_logged(stage, "refused with 503: Too many connections from this address.", kMostRefused);
  leave(stage.visitor(kOne).echo("one").wait_ms(50));
  stage.guest().wait_ms(1).say(upgrade_request("/", kOne)).hear_head(503).hear_end();
  stage.guest().wait_ms(2).say(upgrade_request("/", kOther)).hear_head(101).echo("other").close();
  stage.guest().wait_ms(100).say(upgrade_request("/", kOne)).hear_head(101).echo("again").close();
}

/// As many as the limit hear why, the next do not.
void far_too_many_connections(Stage& stage) {
  expect_proxies(stage);
  stage.options.max_connections_per_address = 1;
  expect_logged(stage, "closed: too many connections or handshakes from this address", kMostRefused);
  leave(behind_proxy(stage, 0).say(upgrade_request()).hear_head(101).echo("one").wait_ms(50));
  behind_proxy(stage, 1).wait_ms(10).say(upgrade_request()).hear_head(503).hear_end();
  behind_proxy(stage, 2).hear_end();
  behind_proxy(stage, 100).say(upgrade_request()).hear_head(101).echo("again").close();
}

void handshakes_per_address(Stage& stage) {
  stage.options.trusted_proxies = {"unix"};
  stage.options.max_handshakes_per_address = 100;
  for (int i = 0; i < 3; ++i) leave(stage.visitor(kOne).echo("hello"));
}

void too_many_handshakes(Stage& stage) {
  stage.options.trusted_proxies = {"unix"};
  stage.options.max_handshakes_per_address = 1;
  expect_logged(stage, "refused with 429: Too many handshakes from this address.", kMostRefused);
  leave(stage.visitor(kOne).echo("one"));
  stage.guest().wait_ms(1).say(upgrade_request("/", kOne)).hear_head(429).hear_end();
  stage.guest().wait_ms(5000).say(upgrade_request("/", kOne)).hear_head(101).echo("later").close();
}

void far_too_many_handshakes(Stage& stage) {
  expect_proxies(stage);
  stage.options.max_handshakes_per_address = 1;
  expect_logged(stage, "closed: too many connections or handshakes from this address", kMostRefused);
  behind_proxy(stage, 0).say(upgrade_request()).hear_head(101).echo("one").close();
  behind_proxy(stage, 1).say(upgrade_request()).hear_head(429).hear_end();
  behind_proxy(stage, 2).hear_end();
}

// ---- By memory

/// A part of a message, which is more than all may hold.
void memory_budget(Stage& stage) {
  stage.options.memory_budget_bytes = 100'000;
  expect_logged(stage, "closed with 1013: the server's memory budget is used up", kMostRefused);
  const std::string message = client_frame(kText, std::string(200'000, 'p'));
  stage.visitor().echo("hello").say(message.substr(0, 150'000)).hear_close(1013).hear_end();
}

void memory_budget_of_a_request(Stage& stage) {
  stage.options.memory_budget_bytes = 2000;
  expect_logged(stage, "dropped: the server's memory budget is used up", kMostRefused);
  stage.guest().say("GET / HTTP/1.1\r\nX: " + std::string(3000, 'x')).hear_end();
}

/// In one turn the first one's output passes the budget, and the second one's request is read. The first one reads
/// nothing, so that it is cut off.
void no_memory_for_a_handshake(Stage& stage) {
  stage.options.memory_budget_bytes = 500'000;
  stage.options.soft_limit_bytes = 50'000'000;
  stage.options.hard_limit_bytes = 100'000'000;
  expect_logged(stage, "refused with 503: The server has no memory left for more connections.", kMostRefused);
  stage.visitor().stop_reading().wait_ms(1).send(kText, "!flood").wait_ms(1).read_again().hear_end();
  stage.guest().wait_ms(1).say(upgrade_request()).hear_head(503).hear_end();
}

// ---- By time

void slow_callback(Stage& stage) {
  stage.options.slow_callback = std::chrono::hours(1);
  leave(stage.visitor().echo("hello"));
}

}  // namespace

std::vector<Scenario> limit_scenarios() {
  const auto make = [](std::string_view name, void (*set)(Stage&)) { return Scenario{"limits", name, set}; };
  return {
      make("start-with-limits", start_with_limits),
      make("connections-per-address", connections_per_address),
      make("too-many-connections", too_many_connections),
      make("far-too-many-connections", far_too_many_connections),
      make("handshakes-per-address", handshakes_per_address),
      make("too-many-handshakes", too_many_handshakes),
      make("far-too-many-handshakes", far_too_many_handshakes),
      make("memory-budget", memory_budget),
      make("memory-budget-of-a-request", memory_budget_of_a_request),
      make("no-memory-for-a-handshake", no_memory_for_a_handshake),
      make("slow-callback", slow_callback),
  };
}

}  // namespace mote::fault
