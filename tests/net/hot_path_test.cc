// What an echoed small message may cost: nothing of the heap, from the socket to the callback and back.

#include <gtest/gtest.h>

#include <string>

#include "tests/support/allocation_counter.h"
#include "tests/support/deflate.h"
#include "tests/support/raw_client.h"
#include "tests/support/running_server.h"

namespace mote {
namespace {

using test::AllocationCount;
using test::client_frame;
using test::RawClient;
using test::RunningServer;
using test::text_frame;

constexpr std::string_view kOffer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

/// Blocks that the server's thread allocates while copies of `frame` are echoed, some in each read.
std::uint64_t allocations_of_echoes(const std::string& frame, std::size_t most_bytes, const Options& options = {}) {
  RunningServer server(
      Handlers{
          .on_message = [](Connection& socket, std::string_view text) { socket.send(text); },
          .on_binary = [](Connection& socket, std::span<const std::byte> bytes) { socket.send(bytes); },
      },
      options);
  auto client = RawClient::open(server.port(), "/", kOffer);
  client.expect_compression();
  const auto echo = [&](int frames) {
    std::string burst;
    for (int i = 0; i < frames; ++i) burst += frame;
    client.send(burst);
    for (int i = 0; i < frames; ++i) EXPECT_LE(client.read_frame().payload.size(), most_bytes);
  };
  echo(10);  // whatever is made once
  std::uint64_t before = 0;
  std::uint64_t after = 0;
  server.on_thread([&] { before = test::allocations().calls; });
  for (int round = 0; round < 100; ++round) echo(1 + round % 10);
  server.on_thread([&] { after = test::allocations().calls; });
  return after - before;
}

/// What `on_thread` itself allocates on the server's thread.
std::uint64_t cost_of_looking() {
  RunningServer server(Handlers{});
  std::uint64_t before = 0;
  std::uint64_t after = 0;
  server.on_thread([&] { before = test::allocations().calls; });
  server.on_thread([&] { after = test::allocations().calls; });
  return after - before;
}

TEST(HotPath, TheCounterCounts) {
  const AllocationCount count;
  const auto one = std::make_unique<int>(1);
  EXPECT_EQ(count.calls(), 1U);
}

TEST(HotPath, ASmallWholeFrameIsEchoedWithoutTheHeap) {
  const std::uint64_t looking = cost_of_looking();
  for (const std::size_t size : {std::size_t{0}, std::size_t{20}, std::size_t{125}, std::size_t{1000}}) {
    const std::string payload(size, 'x');
    EXPECT_EQ(allocations_of_echoes(text_frame(payload), size), looking) << size;
    EXPECT_EQ(allocations_of_echoes(client_frame(2, payload), size), looking) << size;
  }
}

TEST(HotPath, ACompressedMessageIsEchoedWithoutTheHeap) {
  const std::string message(1000, 'x');
  const std::string payload = test::deflated(message, {.level = 1});
  for (const bool takeover : {false, true}) {
    Options options;
    options.compression = {.mode = CompressionMode::on, .server_context_takeover = takeover};
    const std::string frame = client_frame(1, payload, {.reserved = 4});
    EXPECT_EQ(allocations_of_echoes(frame, payload.size(), options), cost_of_looking()) << takeover;
  }
}

TEST(HotPath, APingIsAnsweredWithoutTheHeap) {
  EXPECT_EQ(allocations_of_echoes(client_frame(9, "ping"), 4), cost_of_looking());
}

}  // namespace
}  // namespace mote
