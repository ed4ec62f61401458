// Each default of mote/options.h that counts something is reached exactly, and passed by one.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/deflate.h"
#include "tests/support/raw_client.h"
#include "tests/support/running_server.h"

namespace mote {
namespace {

using namespace std::chrono_literals;
using test::CapturedLog;
using test::client_frame;
using test::echo_handlers;
using test::eventually;
using test::RawClient;
using test::RunningServer;
using test::text_frame;
using test::upgrade_request;

const Options kDefaults;

std::string status_of(std::uint16_t port, std::string_view request) {
  RawClient client(port);
  client.send(request);
  const std::string head = client.read_head();
  return head.substr(9, 3);
}

/// An opening handshake with `lines` header lines of which the last makes it `size` bytes; 0: as small as can be.
std::string request_of(std::size_t lines, std::size_t size = 0) {
  const std::string plain = upgrade_request();
  std::string more;
  for (auto have = static_cast<std::size_t>(std::count(plain.begin(), plain.end(), '\n')) - 2; have < lines; ++have) {
    more += "X: x\r\n";
  }
  const std::size_t small = plain.size() + more.size();
  if (size > small) more.insert(more.size() - 2, std::string(size - small, 'x'));
  return upgrade_request("/", more);
}

TEST(ExactLimits, OfTheRequestHead) {
  const CapturedLog log;
  RunningServer server(echo_handlers());
  const std::string largest = request_of(20, kDefaults.max_request_head_bytes);
  ASSERT_EQ(largest.size(), kDefaults.max_request_head_bytes);
  EXPECT_EQ(status_of(server.port(), largest), "101");
  EXPECT_EQ(status_of(server.port(), request_of(20, kDefaults.max_request_head_bytes + 1)), "431");
  EXPECT_EQ(log.size(), 1U);
}

TEST(ExactLimits, OfHeaderLines) {
  const CapturedLog log;
  RunningServer server(echo_handlers());
  EXPECT_EQ(status_of(server.port(), request_of(kDefaults.max_header_lines)), "101");
  EXPECT_EQ(status_of(server.port(), request_of(kDefaults.max_header_lines + 1)), "431");
  EXPECT_EQ(log.size(), 1U);
}

TEST(ExactLimits, OfTheTarget) {
  const CapturedLog log;
  RunningServer server(echo_handlers());
  const std::string longest = "/" + std::string(kDefaults.max_target_bytes - 1, 't');
  EXPECT_EQ(status_of(server.port(), upgrade_request(longest)), "101");
  EXPECT_EQ(status_of(server.port(), upgrade_request(longest + "t")), "414");
  EXPECT_EQ(log.size(), 1U);
}

/// Refused by its header: nothing of it is buffered.
TEST(ExactLimits, OfAMessage) {
  const CapturedLog log;
  RunningServer server(echo_handlers());
  auto client = RawClient::open(server.port());
  const std::string largest(kDefaults.max_message_bytes, 'm');
  client.send(text_frame(largest));
  EXPECT_EQ(client.read_frame().payload, largest);
  client.send(client_frame(1, "", {.announced = kDefaults.max_message_bytes + 1}));
  EXPECT_EQ(client.read_close_code(), 1009);
  EXPECT_EQ(server->memory_bytes(), 0U);
  EXPECT_EQ(log.size(), 1U);
}

TEST(ExactLimits, OfAMessageInFragments) {
  const CapturedLog log;
  RunningServer server(echo_handlers());
  auto client = RawClient::open(server.port());
  const std::string half(kDefaults.max_message_bytes / 2, 'm');
  client.send(client_frame(1, half, {.fin = false}) + client_frame(0, half));
  EXPECT_EQ(client.read_frame().payload.size(), kDefaults.max_message_bytes);
  client.send(client_frame(1, half, {.fin = false}) + client_frame(0, half + "m"));
  EXPECT_EQ(client.read_close_code(), 1009);
  EXPECT_EQ(log.size(), 1U);
}

TEST(ExactLimits, OfAMessageAfterInflating) {
  const CapturedLog log;
  RunningServer server(echo_handlers(), {.compression = {.mode = CompressionMode::on_request}});
  auto client = RawClient::open(server.port(), "/", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  client.expect_compression();
  const std::string largest(kDefaults.max_message_bytes, 'm');
  client.send(client_frame(1, test::PeerDeflater().message(largest), {.reserved = 4}));
  EXPECT_EQ(client.read_frame().payload, largest);
  client.send(client_frame(1, test::PeerDeflater().message(largest + "m"), {.reserved = 4}));
  EXPECT_EQ(client.read_close_code(), 1009);
  EXPECT_EQ(log.size(), 1U);
}

TEST(ExactLimits, OfFragments) {
  const CapturedLog log;
  RunningServer server(echo_handlers());
  auto client = RawClient::open(server.port());
  const auto fragments = [](std::uint32_t count) {
    std::string bytes = client_frame(1, "f", {.fin = false});
    const std::string empty = client_frame(0, "", {.fin = false});
    for (std::uint32_t i = 2; i < count; ++i) bytes += empty;
    return bytes + client_frame(0, "");
  };
  client.send(fragments(kDefaults.max_fragments));
  EXPECT_EQ(client.read_frame().payload, "f");
  client.send(fragments(kDefaults.max_fragments + 1));
  EXPECT_EQ(client.read_close_code(), 1008);
  EXPECT_EQ(log.size(), 1U);
}

/// Until the kernel takes no more; answers how much waits, less than a message.
std::size_t fill_the_kernel(Connection& socket) {
  while (socket.queued_bytes() == 0) socket.send(std::string(30'000, 'f'));
  return socket.queued_bytes();
}

struct Tried {
  SendStatus status = SendStatus::closed;
  std::size_t queued = 0;
  bool open = false;
};

/// What becomes of a message that is sent where some waits already; `payload` answers how large it is to be.
Tried try_sending(const std::function<std::size_t(std::size_t waiting)>& payload) {
  Tried tried;
  std::atomic<bool> done{false};
  RunningServer server(Handlers{.on_message = [&](Connection& socket, std::string_view) {
    const std::size_t waiting = fill_the_kernel(socket);
    tried.status = socket.send(std::string(payload(waiting), 'p'));
    tried.queued = socket.queued_bytes();
    tried.open = socket.is_open();
    done = true;
  }});
  auto client = RawClient::open(server.port());
  client.send(text_frame("go"));
  EXPECT_TRUE(eventually([&] { return done.load(); }));
  return tried;
}

constexpr std::size_t kHeader = 4;  // of a message of 126 to 65,535 bytes

TEST(ExactLimits, OfTheSoftLimitOfOutput) {
  const Tried reached = try_sending([](std::size_t waiting) { return kDefaults.soft_limit_bytes - waiting - kHeader; });
  EXPECT_EQ(reached.queued, kDefaults.soft_limit_bytes);
  EXPECT_EQ(reached.status, SendStatus::sent);
  const Tried passed =
      try_sending([](std::size_t waiting) { return kDefaults.soft_limit_bytes - waiting - kHeader + 1; });
  EXPECT_EQ(passed.queued, kDefaults.soft_limit_bytes + 1);
  EXPECT_EQ(passed.status, SendStatus::queued);
}

TEST(ExactLimits, OfTheHardLimitOfOutput) {
  const CapturedLog log;
  const Tried reached = try_sending([](std::size_t waiting) { return kDefaults.hard_limit_bytes - waiting; });
  EXPECT_EQ(reached.status, SendStatus::queued);
  EXPECT_TRUE(reached.open);
  EXPECT_EQ(log.size(), 0U);
  const Tried passed = try_sending([](std::size_t waiting) { return kDefaults.hard_limit_bytes - waiting + 1; });
  EXPECT_EQ(passed.status, SendStatus::dropped);
  EXPECT_FALSE(passed.open);
  EXPECT_EQ(log.size(), 1U);
}

TEST(ExactLimits, OfConnections) {
  RunningServer server(echo_handlers(), {.max_connections = 3});
  std::vector<RawClient> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(RawClient::open(server.port()));
  RawClient fourth(server.port());
  fourth.send(upgrade_request());
  EXPECT_FALSE(fourth.readable_within(100));
  EXPECT_EQ(server->connection_count(), 3U);
  clients.pop_back();
  EXPECT_TRUE(fourth.read_head().starts_with("HTTP/1.1 101"));
}

/// How many of a flood's `count` messages are handled before the other connection has its turn. Everything is there
/// before the server looks: the flood first, with its request before it in the same segment.
std::ptrdiff_t handled_before_another(const Options& options, const std::string& message, int count) {
  std::vector<std::string> order;
  Server server("ws://127.0.0.1:0", options);
  server.start(Handlers{.on_message = [&](Connection&, std::string_view text) {
    order.emplace_back(text);
    if (order.size() == static_cast<std::size_t>(count) + 1) server.stop();
  }});
  RawClient flooding(server.port());
  std::string flood = upgrade_request();
  for (int i = 0; i < count; ++i) flood += message;
  flooding.send(flood);
  RawClient other(server.port());
  other.send(upgrade_request() + text_frame("other"));
  server.run();
  return std::find(order.begin(), order.end(), "other") - order.begin();
}

/// A request counts as one of them.
TEST(ExactLimits, OfMessagesInATurn) {
  const auto most = static_cast<int>(kDefaults.turn_messages) - 1;
  EXPECT_EQ(handled_before_another({}, text_frame("m"), most), most);
  EXPECT_EQ(handled_before_another({}, text_frame("m"), most + 1), most);
}

TEST(ExactLimits, OfBytesInATurn) {
  const std::string message = text_frame(std::string(94, 'm'));
  ASSERT_EQ(message.size(), 100U);
  const std::size_t bytes = upgrade_request().size() + 1000;
  EXPECT_EQ(handled_before_another({.turn_bytes = bytes}, message, 10), 10);
  EXPECT_EQ(handled_before_another({.turn_bytes = bytes}, message, 11), 10);
  EXPECT_EQ(handled_before_another({.turn_bytes = bytes - 1}, message, 10), 9);
}

}  // namespace
}  // namespace mote
