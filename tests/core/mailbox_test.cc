#include "core/mailbox.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace mote::core {
namespace {

// An edge-triggered epoll that watches one mailbox, as a reactor does.
class Watcher {
 public:
  explicit Watcher(const Mailbox& mailbox) : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    EXPECT_EQ(::epoll_ctl(epoll_, EPOLL_CTL_ADD, mailbox.descriptor(), &event), 0);
  }
  ~Watcher() { ::close(epoll_); }
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  [[nodiscard]] bool edge(std::chrono::milliseconds within = {}) const {
    epoll_event event{};
    return ::epoll_wait(epoll_, &event, 1, static_cast<int>(within.count())) == 1;
  }

 private:
  int epoll_;
};

void run(const std::vector<Mailbox::Task>& tasks) {
  for (const auto& task : tasks) task();
}

TEST(Mailbox, HandsOutTasksInTheOrderTheyWerePosted) {
  Mailbox mailbox;
  std::string order;
  for (const char c : {'a', 'b', 'c'}) EXPECT_TRUE(mailbox.post([&order, c] { order += c; }));
  EXPECT_EQ(order, "");
  run(mailbox.take());
  EXPECT_EQ(order, "abc");
  EXPECT_TRUE(mailbox.take().empty());
}

TEST(Mailbox, TakesTasksThatCanOnlyBeMoved) {
  Mailbox mailbox;
  int result = 0;
  EXPECT_TRUE(mailbox.post([&result, value = std::make_unique<int>(7)] { result = *value; }));
  run(mailbox.take());
  EXPECT_EQ(result, 7);
}

TEST(Mailbox, WakesOnceForTasksThatWaitTogether) {
  Mailbox mailbox;
  const Watcher watcher(mailbox);
  EXPECT_FALSE(watcher.edge());
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(mailbox.post([] {}));
  EXPECT_TRUE(watcher.edge());
  EXPECT_FALSE(watcher.edge());
  EXPECT_TRUE(mailbox.post([] {}));
  EXPECT_FALSE(watcher.edge()) << "the first one's edge was not answered yet";
  EXPECT_EQ(mailbox.take().size(), 101U);
  EXPECT_TRUE(mailbox.post([] {}));
  EXPECT_TRUE(watcher.edge()) << "without a read in between";
}

TEST(Mailbox, EachWakeIsAnEdge) {
  Mailbox mailbox;
  const Watcher watcher(mailbox);
  for (int i = 0; i < 3; ++i) {
    mailbox.wake();
    EXPECT_TRUE(watcher.edge());
    EXPECT_FALSE(watcher.edge());
  }
}

// It is called by signal handlers, which may interrupt somebody who is about to look at errno.
TEST(Mailbox, WakeLeavesErrnoAlone) {
  Mailbox mailbox;
  const std::uint64_t full = std::numeric_limits<std::uint64_t>::max() - 1;
  ASSERT_EQ(::write(mailbox.descriptor(), &full, sizeof full), static_cast<ssize_t>(sizeof full));
  errno = EXDEV;
  mailbox.wake();  // fails with EAGAIN
  EXPECT_EQ(errno, EXDEV);
  pollfd poll_for{mailbox.descriptor(), POLLIN, 0};
  EXPECT_EQ(::poll(&poll_for, 1, 0), 1) << "and it is readable as before";
}

TEST(Mailbox, CloseDestroysTasksWithoutCallingThem) {
  Mailbox mailbox;
  bool called = false;
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = owned;
  EXPECT_TRUE(mailbox.post([&called, owned = std::move(owned)] { called = true; }));
  mailbox.close();
  EXPECT_TRUE(watch.expired());
  EXPECT_FALSE(called);
  EXPECT_TRUE(mailbox.take().empty());
}

TEST(Mailbox, AfterCloseATaskIsRefusedAndGone) {
  Mailbox mailbox;
  mailbox.close();
  mailbox.close();
  bool called = false;
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = owned;
  EXPECT_FALSE(mailbox.post([&called, owned = std::move(owned)] { called = true; }));
  EXPECT_TRUE(watch.expired());
  EXPECT_FALSE(called);
  mailbox.wake();
}

TEST(Mailbox, ATaskThatPostsWhenItIsDestroyedDoesNotWaitForItself) {
  Mailbox mailbox;
  struct PostsAtTheEnd {
    explicit PostsAtTheEnd(Mailbox& to) : mailbox(to) {}
    ~PostsAtTheEnd() {
      EXPECT_FALSE(mailbox.post([] {}));
    }
    Mailbox& mailbox;
  };
  EXPECT_TRUE(mailbox.post([owned = std::make_shared<PostsAtTheEnd>(mailbox)] {}));
  mailbox.close();
}

TEST(Mailbox, KnowsTheThreadThatAdoptedIt) {
  Mailbox mailbox;
  EXPECT_FALSE(mailbox.on_own_thread());
  mailbox.adopt_thread();
  EXPECT_TRUE(mailbox.on_own_thread());
  std::thread([&mailbox] { EXPECT_FALSE(mailbox.on_own_thread()); }).join();
  mailbox.leave_thread();
  EXPECT_FALSE(mailbox.on_own_thread());
}

TEST(Mailbox, LosesNothingThatSeveralThreadsPost) {
  constexpr std::size_t threads_count = 4;
  constexpr std::size_t each = 5000;
  Mailbox mailbox;
  const Watcher watcher(mailbox);
  std::vector<std::size_t> seen(threads_count);
  std::size_t total = 0;
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < threads_count; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::size_t i = 0; i < each; ++i) {
        EXPECT_TRUE(mailbox.post([&seen, &total, thread, i] {
          EXPECT_EQ(seen[thread]++, i);  // in order, seen from any one thread
          ++total;
        }));
      }
    });
  }
  // Only edges: a lost one would end in the deadline.
  while (total < threads_count * each) {
    ASSERT_TRUE(watcher.edge(std::chrono::seconds(20))) << total;
    run(mailbox.take());
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Mailbox, KeepsNoTaskThatWasPostedWhileItClosed) {
  for (int round = 0; round < 50; ++round) {
    Mailbox mailbox;
    auto alive = std::make_shared<int>(0);
    std::atomic<int> posted{0};
    std::thread other([&] {
      while (mailbox.post([alive] {})) posted.fetch_add(1);
    });
    while (posted.load() < 10) std::this_thread::yield();
    mailbox.close();
    other.join();
    EXPECT_EQ(alive.use_count(), 1) << "no task is left";
    EXPECT_TRUE(mailbox.take().empty());
  }
}

}  // namespace
}  // namespace mote::core
