#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/process_facts.h"
#include "tests/support/raw_client.h"
#include "tests/support/running_server.h"

namespace mote {
namespace {

using test::eventually;
using test::Frame;
using test::Journal;
using test::RawClient;
using test::RunningServer;
using test::text_frame;

/// A server that gives out the handle of its last connection.
struct WithHandle {
  explicit WithHandle(Options options = {})
      : server(Handlers{.on_open =
                            [this](Connection& socket) {
                              const std::scoped_lock lock(mutex);
                              latest = socket.handle();
                              EXPECT_EQ(latest, socket.handle());
                            },
                        .on_close = [this](Connection&, const CloseInfo&) { journal.add("close"); }},
               std::move(options)) {}

  Handle handle() {
    EXPECT_TRUE(eventually([&] {
      const std::scoped_lock lock(mutex);
      return latest.has_value();
    }));
    const std::scoped_lock lock(mutex);
    return *latest;
  }

  std::mutex mutex;
  std::optional<Handle> latest;
  Journal journal;
  RunningServer server;
};

TEST(Handle, DefaultConstructedAnswersClosed) {
  const Handle handle;
  EXPECT_FALSE(handle.is_open());
  EXPECT_EQ(handle.send("x"), SendStatus::closed);
  EXPECT_EQ(handle.send_ping(), SendStatus::closed);
  handle.close();
  handle.abort();
  EXPECT_EQ(handle, Handle());
}

TEST(Handle, SendsAndClosesFromAnotherThread) {
  WithHandle it;
  auto client = RawClient::open(it.server.port());
  const Handle handle = it.handle();
  EXPECT_TRUE(handle.is_open());
  EXPECT_EQ(handle.send("text"), SendStatus::sent);
  EXPECT_EQ(handle.send(std::as_bytes(std::span("bin", 3))), SendStatus::sent);
  EXPECT_EQ(handle.send_ping(std::as_bytes(std::span("p", 1))), SendStatus::sent);
  EXPECT_EQ(handle.send_pong(std::as_bytes(std::span("q", 1))), SendStatus::sent);
  handle.close(4000, "done");
  EXPECT_EQ(client.read_frame(), (Frame{1, true, "text"}));
  EXPECT_EQ(client.read_frame(), (Frame{2, true, "bin"}));
  EXPECT_EQ(client.read_frame(), (Frame{9, true, "p"}));
  EXPECT_EQ(client.read_frame(), (Frame{10, true, "q"}));
  EXPECT_EQ(client.read_close_code(), 4000);
  EXPECT_TRUE(eventually([&] { return !handle.is_open(); }));
  EXPECT_EQ(handle.send("late"), SendStatus::closed);
}

TEST(Handle, AbortsFromAnotherThread) {
  WithHandle it;
  auto client = RawClient::open(it.server.port());
  it.handle().abort();
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(eventually([&] { return it.journal.size() == 1; }));
}

TEST(Handle, AnswersClosedAfterTheConnectionAndAfterTheServer) {
  Handle handle;
  {
    WithHandle it;
    auto client = RawClient::open(it.server.port());
    handle = it.handle();
    client.close();
    EXPECT_TRUE(eventually([&] { return it.journal.size() == 1; }));
    EXPECT_FALSE(handle.is_open());
    EXPECT_EQ(handle.send("x"), SendStatus::closed);
    auto second = RawClient::open(it.server.port());
    EXPECT_TRUE(eventually([&] { return it.handle().is_open(); }));
    EXPECT_NE(handle, it.handle());
    EXPECT_EQ(handle.send("x"), SendStatus::closed);  // the slot is used again, by another connection
    handle = it.handle();
  }
  EXPECT_FALSE(handle.is_open());
  EXPECT_EQ(handle.send("x"), SendStatus::closed);
  handle.close();
  handle.abort();
}

TEST(Handle, KeepsTheOrderOfEachThread) {
  constexpr int threads = 4;
  constexpr int messages = 2000;
  WithHandle it;
  auto client = RawClient::open(it.server.port());
  const Handle handle = it.handle();
  std::vector<std::jthread> senders;
  for (int id = 0; id < threads; ++id) {
    senders.emplace_back([&, id] {
      for (int i = 0; i < messages; ++i) handle.send(std::to_string(id) + ' ' + std::to_string(i));
    });
  }
  std::vector<int> next(threads, 0);
  for (int i = 0; i < threads * messages; ++i) {
    std::istringstream words(client.read_frame().payload);
    std::size_t id = 0;
    int number = -1;
    words >> id >> number;
    EXPECT_EQ(number, next.at(id)++);
  }
}

TEST(Handle, CountsWhatItHasPostedAgainstTheLimits) {
  WithHandle it({.soft_limit_bytes = 1000, .hard_limit_bytes = 10'000, .overflow = Overflow::drop_message});
  auto client = RawClient::open(it.server.port());
  const Handle handle = it.handle();
  it.server.on_thread([&] {
    // The server's thread is busy here, so that nothing of it can go out.
    std::thread([&] {
      EXPECT_EQ(handle.send(std::string(800, 'a')), SendStatus::sent);
      EXPECT_EQ(handle.send(std::string(900, 'b')), SendStatus::queued);
      EXPECT_EQ(handle.send(std::string(9000, 'c')), SendStatus::dropped);
      EXPECT_EQ(handle.send(std::string(100, 'd')), SendStatus::queued);
    }).join();
  });
  for (const auto& expected : {std::string(800, 'a'), std::string(900, 'b'), std::string(100, 'd')}) {
    EXPECT_EQ(client.read_frame().payload, expected);
  }
}

/// Attack 8: they take memory without having a byte.
TEST(Handle, CountsEmptyMessagesThatItHasPosted) {
  WithHandle it({.soft_limit_bytes = 1000, .hard_limit_bytes = 10'000, .overflow = Overflow::drop_message});
  auto client = RawClient::open(it.server.port());
  const Handle handle = it.handle();
  int accepted = 0;
  it.server.on_thread([&] {
    std::thread([&] {
      while (accepted < 1000 && handle.send("") != SendStatus::dropped) ++accepted;
    }).join();
  });
  EXPECT_GE(accepted, 10);
  EXPECT_LE(accepted, 100);
  for (int i = 0; i < accepted; ++i) EXPECT_EQ(client.read_frame().payload, "");
  EXPECT_EQ(handle.send(""), SendStatus::sent);
}

TEST(Handle, PassingTheHardLimitAgainAndAgainTakesNoMemory) {
  WithHandle it({.soft_limit_bytes = 1000, .hard_limit_bytes = 10'000});
  auto client = RawClient::open(it.server.port());
  const Handle handle = it.handle();
  it.server.on_thread([&] {
    std::thread([&] {
      EXPECT_EQ(handle.send("first"), SendStatus::sent);
      const std::string large(10'000, 'x');
      EXPECT_EQ(handle.send(large), SendStatus::dropped);
      const long before = test::allocated_bytes();
      for (int i = 0; i < 100'000; ++i) handle.send(large);
      EXPECT_LT(test::allocated_bytes() - before, 1024 * 1024);
    }).join();
  });
  EXPECT_EQ(client.read_frame().payload, "first");
  EXPECT_EQ(client.read_close_code(), 1008);
  EXPECT_TRUE(eventually([&] { return it.journal.size() == 1; }));
}

/// Only the latest waits, so that it takes no room among the messages.
TEST(Handle, APongPassesWhereNoMessageWould) {
  WithHandle it({.soft_limit_bytes = 1000, .hard_limit_bytes = 100'000});
  auto client = RawClient::open(it.server.port());
  const Handle handle = it.handle();
  std::string large;
  large.resize(16'000'000, 'x');
  it.server.on_thread([&] { EXPECT_EQ(handle.send(large), SendStatus::queued); });
  it.server.on_thread([] {});  // what waits is known
  for (const std::byte number : {std::byte{1}, std::byte{2}, std::byte{3}}) {
    EXPECT_EQ(handle.send_pong(std::span(&number, 1)), SendStatus::queued);
  }
  it.server.on_thread([] {});
  EXPECT_TRUE(handle.is_open());
  EXPECT_EQ(client.read_frame().payload.size(), large.size());
  EXPECT_EQ(client.read_frame(), (Frame{10, true, "\x01"}));
  EXPECT_EQ(client.read_frame(), (Frame{10, true, "\x03"}));
}

/// Also where the kernel has taken it all by then.
TEST(Handle, OnDrainComesAfterEachQueued) {
  std::atomic<int> drained{0};
  std::optional<Handle> handle;
  std::atomic<bool> opened{false};
  RunningServer server(Handlers{.on_open =
                                    [&](Connection& socket) {
                                      handle = socket.handle();
                                      opened = true;
                                    },
                                .on_drain = [&](Connection&) { ++drained; }});
  auto client = RawClient::open(server.port());
  EXPECT_TRUE(eventually([&] { return opened.load(); }));
  for (int i = 1; i <= 10; ++i) {
    ASSERT_EQ(handle->send(std::string(100'000, 'q')), SendStatus::queued);
    EXPECT_EQ(client.read_frame().payload.size(), 100'000U);
    ASSERT_TRUE(eventually([&] { return drained == i; })) << i;
  }
}

/// What went out within one turn is not remembered as waiting.
TEST(Handle, KnowsThatTheQueueIsEmpty) {
  WithHandle it({.soft_limit_bytes = 200'000, .hard_limit_bytes = 400'000, .overflow = Overflow::drop_message});
  auto client = RawClient::open(it.server.port());
  const Handle handle = it.handle();
  it.server.on_thread([&] {
    EXPECT_EQ(handle.send(std::string(60'000, 'a')), SendStatus::sent);
    EXPECT_EQ(handle.send(std::string(60'000, 'b')), SendStatus::sent);
    EXPECT_EQ(handle.send(std::string(60'000, 'c')), SendStatus::sent);
    handle.send(std::string(100'000, 'd'));  // together enough to be written at once
  });
  for (int i = 0; i < 4; ++i) client.read_frame();
  it.server.on_thread([] {});
  EXPECT_EQ(handle.send(std::string(300'000, 'e')), SendStatus::queued);
  EXPECT_EQ(client.read_frame().payload.size(), 300'000U);
}

TEST(Handle, ASendThatThrowsTakesNoRoom) {
  WithHandle it({.soft_limit_bytes = 1000, .hard_limit_bytes = 1000, .overflow = Overflow::drop_message});
  auto client = RawClient::open(it.server.port());
  const Handle handle = it.handle();
  const std::byte byte{};
  const std::span<const std::byte> more_than_there_is(&byte, std::numeric_limits<std::size_t>::max() - 10);
  EXPECT_THROW(handle.send(more_than_there_is), std::exception);
  EXPECT_EQ(handle.send("x"), SendStatus::sent);
  EXPECT_EQ(client.read_frame().payload, "x");
}

TEST(Handle, RacesWithTheEndOfConnectionsAndServerHarmlessly) {
  for (int round = 0; round < 20; ++round) {
    WithHandle it;
    std::atomic<bool> stop{false};
    auto client = std::make_unique<RawClient>(RawClient::open(it.server.port()));
    const Handle handle = it.handle();
    std::vector<std::jthread> senders;
    for (int id = 0; id < 3; ++id) {
      senders.emplace_back([&] {
        while (!stop) {
          handle.send("x");
          handle.send_ping();
          static_cast<void>(handle.is_open());
        }
      });
    }
    client->read_frame();
    if (round % 2 == 0) client.reset();
    if (round % 4 == 1) handle.close();
    it.server.stop();
    EXPECT_EQ(it.journal.size(), 1U);
    EXPECT_EQ(handle.send("x"), SendStatus::closed);
    stop = true;
  }
}

TEST(Handle, IsDirectOnTheServersThread) {
  RunningServer server([](Connection& socket) {
    const Handle handle = socket.handle();
    socket.on_message([handle](std::string_view text) {
      EXPECT_EQ(handle.send(text), SendStatus::sent);
      handle.close(4000);
      EXPECT_FALSE(handle.is_open());
      EXPECT_EQ(handle.send("late"), SendStatus::closed);
    });
  });
  auto client = RawClient::open(server.port());
  client.send(text_frame("x"));
  EXPECT_EQ(client.read_frame().payload, "x");
  EXPECT_EQ(client.read_close_code(), 4000);
}

}  // namespace
}  // namespace mote
