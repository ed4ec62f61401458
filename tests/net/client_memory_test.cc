// A client where memory cannot be had.

#include <mote/client.h>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <new>
#include <optional>

#include "tests/support/allocation_counter.h"

namespace mote {
namespace {

using test::AllocationLimit;

TEST(ClientMemory, AConnectionThatThereIsNoRoomForEndsAndTheLoopGoesOn) {
  if (!AllocationLimit::works()) GTEST_SKIP() << "this sanitizer's operator new cannot be made to fail";
  for (const std::size_t bytes : std::array<std::size_t, 4>{8, 40, 80, 160}) {
    Client client;
    std::optional<AllocationLimit> limit;
    int closed = 0;
    client.connect("ws://127.0.0.1:1", [&](Connection& socket) {
      socket.on_close([&](const CloseInfo&) {
        limit.reset();
        ++closed;
      });
      limit.emplace(bytes);
    });
    bool threw = false;
    try {
      client.run();
    } catch (const std::bad_alloc&) {
      limit.reset();  // a failure's text needs memory
      threw = true;
    }
    EXPECT_FALSE(threw) << bytes;
    EXPECT_EQ(closed, 1) << bytes;
  }
}

}  // namespace
}  // namespace mote
