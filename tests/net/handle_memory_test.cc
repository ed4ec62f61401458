// A handle whose message cannot be sent when its turn comes, since memory cannot be had.

#include <mote/handle.h>

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/support/allocation_counter.h"
#include "tests/support/raw_client.h"
#include "tests/support/running_client.h"
#include "tests/support/running_server.h"

namespace mote {
namespace {

using test::AllocationLimit;

/// What follows it would else reach the peer without it.
TEST(HandleMemory, AMessageThatWasAcceptedAndCannotBeSentEndsItsConnection) {
  if (!AllocationLimit::works()) GTEST_SKIP() << "this sanitizer's operator new cannot be made to fail";
  test::Journal journal;
  std::optional<Handle> handle;
  std::optional<AllocationLimit> limit;
  test::RunningServer server([&](Connection& socket) {
    handle = socket.handle();
    test::write_down(socket, journal);
  });
  test::RawClient client = test::RawClient::open(server.port());
  server.on_thread([&] { limit.emplace(4096); });  // of the server's thread
  EXPECT_EQ(handle->send(std::string(10'000, 'x')), SendStatus::sent);
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(test::eventually([&] { return journal.count("close 1006") == 1; }));
  EXPECT_EQ(handle->send("more"), SendStatus::closed);
  server.on_thread([&] { limit.reset(); });
}

}  // namespace
}  // namespace mote
