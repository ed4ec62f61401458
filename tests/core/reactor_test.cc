#include "core/reactor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <ostream>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <mote/log.h>

#include "tests/support/clock_lag.h"

namespace mote::core {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using test::kClockLag;

// What a Probe does in its callbacks.
struct Script {
  std::function<void(std::uint32_t)> events = [](std::uint32_t) {};
  std::function<void()> ready = [] {};
  std::function<void()> timer = [] {};
  std::function<void()> turn_end = [] {};
  std::function<void(Announcement)> announcement = [](Announcement) {};
  std::function<void()> destroyed = [] {};
};

/// A source with an eventfd of its own.
class Probe final : public Source {
 public:
  Probe() : descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) { EXPECT_GE(descriptor_, 0); }
  ~Probe() override {
    on.destroyed();
    ::close(descriptor_);
  }

  [[nodiscard]] int descriptor() const { return descriptor_; }
  void signal() const { EXPECT_EQ(::eventfd_write(descriptor_, 1), 0); }

  Script on;

 private:
  void on_events(std::uint32_t events) override { on.events(events); }
  void on_ready() override { on.ready(); }
  void on_timer() override { on.timer(); }
  void on_turn_end() override { on.turn_end(); }
  void on_announcement(Announcement announcement) override { on.announcement(announcement); }

  int descriptor_;
};

Probe& add(Reactor& reactor) {
  auto probe = std::make_unique<Probe>();
  Probe& added = *probe;
  EXPECT_EQ(reactor.add(std::move(probe), added.descriptor(), Reactor::kRead), 0);
  return added;
}

/// Runs until somebody stops the reactor; a test that is stuck fails and goes on.
void run(Reactor& reactor) {
  std::mutex mutex;
  std::condition_variable over;
  bool done = false;
  std::thread watchdog([&] {
    std::unique_lock lock(mutex);
    if (over.wait_for(lock, 20s, [&] { return done; })) return;
    ADD_FAILURE() << "the reactor was not stopped in time";
    reactor.stop();
  });
  reactor.run();
  {
    const std::scoped_lock lock(mutex);
    done = true;
  }
  over.notify_one();
  watchdog.join();
}

/// Runs one step in each turn, when the ready list has its time, and then stops.
void run_steps(Reactor& reactor, std::vector<std::function<void()>> steps) {
  auto driver = std::make_unique<Probe>();
  Probe& added = *driver;
  std::size_t next = 0;
  added.on.ready = [&] {
    if (next == steps.size()) return reactor.stop();
    reactor.make_ready(added);
    steps[next++]();
  };
  reactor.add(std::move(driver));
  reactor.make_ready(added);
  run(reactor);
  reactor.remove(added);
  reactor.finish_turn();
}

void let_time_pass(std::chrono::milliseconds time) {
  const auto until = Clock::now() + time;
  while (Clock::now() < until) std::this_thread::yield();
}

// ---- One turn

TEST(Reactor, ATurnGoesFromEventsOverTheReadyListAndTimersToItsEnd) {
  std::string order;
  Reactor reactor;
  Probe& probe = add(reactor);
  Probe& removed = add(reactor);
  removed.on.destroyed = [&] { order += "destroyed "; };
  probe.on.events = [&](std::uint32_t) {
    order += "events ";
    reactor.at_turn_end(probe);
    reactor.make_ready(probe);
    reactor.remove(removed);
  };
  probe.on.ready = [&] { order += "ready "; };
  probe.on.timer = [&] { order += "timer "; };
  probe.on.turn_end = [&] { order += "end "; };
  run_steps(reactor, {[&] {
                        reactor.arm(probe, 1ms);
                        probe.signal();
                        let_time_pass(1ms + 2 * kClockLag);  // it is due in the next turn, with the event
                      },
                      [] {}});
  EXPECT_EQ(order, "events ready timer end destroyed ");
}

TEST(Reactor, ReportsAnEdgeOnce) {
  int events = 0;
  Reactor reactor;
  Probe& probe = add(reactor);
  probe.on.events = [&](std::uint32_t what) {
    ++events;
    EXPECT_EQ(what, Source::kReadable);
  };
  run_steps(reactor, {[&] { probe.signal(); }, [] {}, [] {}, [&] { EXPECT_EQ(events, 1); }, [&] { probe.signal(); },
                      [] {}, [] {}});
  EXPECT_EQ(events, 2);
}

TEST(Reactor, ServesMoreReadyDescriptorsThanFitIntoOneBatch) {
  constexpr std::size_t count = 700;
  std::vector<int> events(count);
  Reactor reactor;
  std::vector<Probe*> probes;
  for (std::size_t i = 0; i < count; ++i) {
    Probe& probe = *probes.emplace_back(&add(reactor));
    probe.on.events = [&events, i](std::uint32_t) { ++events[i]; };
  }
  run_steps(reactor, {[&] {
                        for (const Probe* probe : probes) probe->signal();
                      },
                      [] {}, [] {}});
  EXPECT_EQ(events, std::vector<int>(count, 1));
}

TEST(Reactor, ADescriptorThatEpollRefusesComesBackAsErrno) {
  int destroyed = 0;
  Reactor reactor;
  auto probe = std::make_unique<Probe>();
  Probe& refused = *probe;
  refused.on.destroyed = [&] { ++destroyed; };
  const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(file, 0);
  EXPECT_EQ(reactor.add(std::move(probe), file, Reactor::kRead), EPERM);
  ::close(file);
  EXPECT_EQ(reactor.find(refused.token()), nullptr);
  reactor.finish_turn();
  EXPECT_EQ(destroyed, 1);
  EXPECT_EQ(reactor.add(std::make_unique<Probe>(), -1, Reactor::kRead), EBADF);
}

TEST(Reactor, ADescriptorMayBeAttachedLater) {
  int events = 0;
  Reactor reactor;
  auto added = std::make_unique<Probe>();
  Probe& probe = *added;
  probe.on.events = [&](std::uint32_t what) {
    ++events;
    EXPECT_EQ(what, Source::kReadable);
  };
  reactor.add(std::move(added));
  run_steps(reactor, {[&] { probe.signal(); }, [] {}, [&] { EXPECT_EQ(events, 0) << "nobody knows of it yet"; },
                      [&] { EXPECT_EQ(reactor.attach(probe, probe.descriptor(), Reactor::kRead), 0); }, [] {},
                      [&] { EXPECT_EQ(events, 1) << "what was there before it was attached"; }, [&] { probe.signal(); },
                      [] {}, [] {}});
  EXPECT_EQ(events, 2);
}

TEST(Reactor, ADetachedDescriptorStaysOpenAndMayGoToAnotherSource) {
  std::string order;
  Reactor reactor;
  Probe& first = add(reactor);
  auto added = std::make_unique<Probe>();
  Probe& second = *added;
  reactor.add(std::move(added));
  first.on.events = [&](std::uint32_t) { order += "first "; };
  second.on.events = [&](std::uint32_t) { order += "second "; };
  run_steps(reactor, {[&] {
                        reactor.detach(first.descriptor());
                        first.signal();  // it is open
                      },
                      [] {}, [&] { EXPECT_EQ(order, ""); },
                      [&] { EXPECT_EQ(reactor.attach(second, first.descriptor(), Reactor::kRead), 0); }, [] {}, [] {}});
  EXPECT_EQ(order, "second ");
}

TEST(Reactor, ADescriptorThatCannotBeAttachedLeavesTheSource) {
  Reactor reactor;
  Probe& probe = add(reactor);
  EXPECT_EQ(reactor.attach(probe, -1, Reactor::kRead), EBADF);
  EXPECT_EQ(reactor.attach(probe, probe.descriptor(), Reactor::kRead), EEXIST);
  EXPECT_EQ(reactor.find(probe.token()), &probe);
  reactor.detach(-1);  // nothing to take out
  reactor.remove(probe);
  EXPECT_EQ(reactor.attach(probe, probe.descriptor(), Reactor::kRead), ENOENT);
}

TEST(Reactor, FindsASourceByItsTokenUntilItIsRemoved) {
  Reactor reactor;
  Probe& probe = add(reactor);
  const Token token = probe.token();
  EXPECT_EQ(reactor.find(token), &probe);
  EXPECT_EQ(reactor.find({token.slot, token.generation + 1}), nullptr);
  EXPECT_EQ(reactor.find({token.slot + 1000, token.generation}), nullptr);
  EXPECT_EQ(reactor.find({}), nullptr) << "a token that names nothing";
  reactor.remove(probe);
  EXPECT_EQ(reactor.find(token), nullptr);
  const Token next = add(reactor).token();
  EXPECT_EQ(next.slot, token.slot);
  EXPECT_NE(next.generation, token.generation);
  EXPECT_EQ(reactor.find(token), nullptr);
}

// ---- Lifetime

// Attack 28. Two sources are readable in one batch. Whichever is first removes the other, whose slot is then used
// twice more: the event that is still to come belongs to none of them.
TEST(Reactor, AnEventOfARemovedSourceReachesNobodyHoweverOftenItsSlotIsUsedAgain) {
  std::string order;
  Reactor reactor;
  std::array<Probe*, 2> probes = {&add(reactor), &add(reactor)};
  const auto forbid = [&order](Probe& probe) {
    probe.on.events = [&order](std::uint32_t) { order += "stale event "; };
    probe.on.ready = [&order] { order += "stale ready "; };
    probe.on.turn_end = [&order] { order += "stale end "; };
    probe.on.timer = [&order] { order += "stale timer "; };
  };
  for (std::size_t i = 0; i < 2; ++i) {
    probes[i]->on.events = [&, i](std::uint32_t) {
      order += "first ";
      Probe& victim = *probes[1 - i];
      forbid(victim);
      reactor.make_ready(victim);
      reactor.at_turn_end(victim);
      reactor.arm(victim, 1ms);
      const Token token = victim.token();
      const int descriptor = victim.descriptor();
      reactor.remove(victim);
      EXPECT_EQ(::fcntl(descriptor, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC) << "its number cannot be given away yet";
      Probe& second = add(reactor);
      EXPECT_EQ(second.token().slot, token.slot);
      reactor.remove(second);
      Probe& third = add(reactor);
      forbid(third);
      EXPECT_EQ(third.token().slot, token.slot);
      EXPECT_EQ(third.token().generation, token.generation + 2);
    };
  }
  run_steps(reactor, {[&] {
                        for (const Probe* probe : probes) probe->signal();
                      },
                      [] { let_time_pass(2 * kClockLag); }, [] {}});
  EXPECT_EQ(order, "first ");
}

enum class Kind { events, ready, timer, turn_end, announcement, task };
enum class Victim { itself, the_one_before, the_one_after };

struct RemovalCase {
  Kind kind;
  Victim victim;
};

void PrintTo(const RemovalCase& row, std::ostream* out) {
  *out << static_cast<int>(row.kind) << '/' << static_cast<int>(row.victim);
}

// Three sources get the same callback in one turn. The second one makes everything pending for all three and removes
// one of them: that one hears nothing more, and the others hear everything.
class ReactorRemoval : public testing::TestWithParam<RemovalCase> {
 protected:
  static constexpr std::size_t kCount = 3;
  enum Bit : unsigned { event = 1, ready = 2, timer = 4, turn_end = 8, all = 15 };

  ReactorRemoval() {
    for (std::size_t i = 0; i < kCount; ++i) {
      Probe& probe = *(probes_[i] = &add(reactor_));
      probe.on.events = [this, i](std::uint32_t) { called(i, Kind::events, event); };
      probe.on.ready = [this, i] { called(i, Kind::ready, ready); };
      probe.on.timer = [this, i] { called(i, Kind::timer, timer); };
      probe.on.turn_end = [this, i] { called(i, Kind::turn_end, turn_end); };
      probe.on.announcement = [this, i](Announcement) { called(i, Kind::announcement, 0); };
      probe.on.destroyed = [this, i] { destroyed(i); };
    }
  }

  void trigger() {
    for (std::size_t i = 0; i < kCount; ++i) {
      switch (GetParam().kind) {
        case Kind::events:
          probes_[i]->signal();
          break;
        case Kind::ready:
          reactor_.make_ready(*probes_[i]);
          break;
        case Kind::timer:
          reactor_.arm(*probes_[i], 1ms);
          break;
        case Kind::turn_end:
          reactor_.at_turn_end(*probes_[i]);
          break;
        case Kind::announcement:
          break;
        case Kind::task:
          EXPECT_TRUE(reactor_.mailbox()->post([this, i] { called(i, Kind::task, 0); }));
          break;
      }
    }
    if (GetParam().kind == Kind::announcement) reactor_.announce(Announcement::drain);
  }

  void called(std::size_t i, Kind kind, unsigned bit) {
    EXPECT_FALSE(removed_ == i && kind != Kind::task) << "a callback after the removal: " << static_cast<int>(kind);
    inside_ = true;
    if (kind == GetParam().kind && removed_ == kNobody) {
      order_.push_back(i);
      if (order_.size() == 2) remove_one();
    } else {
      heard_[i] |= bit;
    }
    inside_ = false;
  }

  void remove_one() {
    for (Probe* const probe : probes_) {
      reactor_.make_ready(*probe);
      reactor_.at_turn_end(*probe);
      reactor_.arm(*probe, 1ms);
      probe->signal();
    }
    const std::size_t last = kCount - order_[0] - order_[1];
    const Victim victim = GetParam().victim;
    removed_ = victim == Victim::itself ? order_[1] : victim == Victim::the_one_before ? order_[0] : last;
    Probe& probe = *probes_[removed_];
    removed_token_ = probe.token();
    reactor_.remove(probe);
    EXPECT_EQ(reactor_.find(removed_token_), nullptr);
    // It is still an object, and whoever holds a reference may not know yet.
    reactor_.remove(probe);
    reactor_.make_ready(probe);
    reactor_.at_turn_end(probe);
    reactor_.arm(probe, 1ms);
    reactor_.disarm(probe);
    reactor_.arm(probe, 1ms);
    reactor_.arm_no_later(probe, 1ms);
  }

  void destroyed(std::size_t i) {
    EXPECT_FALSE(inside_) << "destroyed before the callback returned";
    EXPECT_TRUE(over_ || removed_ == i);
    ++destroyed_[i];
  }

  [[nodiscard]] bool survivors_heard_everything() const {
    for (std::size_t i = 0; i < kCount; ++i) {
      if (i != removed_ && heard_[i] != all) return false;
    }
    return true;
  }

  static constexpr std::size_t kNobody = kCount;
  std::array<unsigned, kCount> heard_{};
  std::array<int, kCount> destroyed_{};
  std::vector<std::size_t> order_;
  std::size_t removed_ = kNobody;
  Token removed_token_;
  bool inside_ = false;
  bool over_ = false;
  std::array<Probe*, kCount> probes_{};
  Reactor reactor_;
};

TEST_P(ReactorRemoval, InsideACallbackEndsTheCallbacksOfThatOneOnly) {
  Probe& driver = add(reactor_);
  int turns_after = 0;
  driver.on.ready = [&] {
    if (removed_ != kNobody && survivors_heard_everything() && ++turns_after == 3) return reactor_.stop();
    reactor_.make_ready(driver);
  };
  reactor_.make_ready(driver);
  trigger();
  run(reactor_);
  ASSERT_NE(removed_, kNobody);
  for (std::size_t i = 0; i < kCount; ++i) EXPECT_EQ(destroyed_[i], i == removed_ ? 1 : 0);
  const Token next = add(reactor_).token();
  EXPECT_EQ(next.slot, removed_token_.slot);
  EXPECT_NE(add(reactor_).token().slot, next.slot) << "a slot is given away once";
  over_ = true;
}

std::vector<RemovalCase> removal_cases() {
  std::vector<RemovalCase> cases;
  for (const Kind kind : {Kind::events, Kind::ready, Kind::timer, Kind::turn_end, Kind::announcement, Kind::task}) {
    for (const Victim victim : {Victim::itself, Victim::the_one_before, Victim::the_one_after}) {
      cases.push_back({kind, victim});
    }
  }
  return cases;
}

std::string removal_name(const testing::TestParamInfo<RemovalCase>& info) {
  constexpr std::array kinds = {"Events", "Ready", "Timer", "TurnEnd", "Announcement", "Task"};
  constexpr std::array victims = {"Itself", "TheOneBefore", "TheOneAfter"};
  return std::string(kinds[static_cast<std::size_t>(info.param.kind)]) + "Removes" +
         victims[static_cast<std::size_t>(info.param.victim)];
}

INSTANTIATE_TEST_SUITE_P(EveryCallback, ReactorRemoval, testing::ValuesIn(removal_cases()), removal_name);

TEST(Reactor, ASourceMayBeRemovedByAnothersDestructor) {
  std::string order;
  Reactor reactor;
  Probe& first = add(reactor);
  Probe& second = add(reactor);
  first.on.destroyed = [&] {
    order += "first ";
    reactor.remove(second);
    EXPECT_EQ(reactor.find(second.token()), nullptr);
  };
  second.on.destroyed = [&] { order += "second "; };
  second.on.ready = [&] { order += "ready "; };
  second.on.turn_end = [&] { order += "end "; };
  run_steps(reactor, {[&] {
                        reactor.remove(first);
                        reactor.make_ready(second);
                      },
                      [&] { EXPECT_EQ(order, "first second "); }});
  EXPECT_EQ(order, "first second ");
}

TEST(Reactor, DestroysItsSourcesWithAllThatIsPendingForThem) {
  int destroyed = 0;
  {
    Reactor reactor;
    for (int i = 0; i < 200; ++i) {
      Probe& probe = add(reactor);
      probe.on.destroyed = [&destroyed] { ++destroyed; };
      probe.on.turn_end = probe.on.ready = probe.on.timer = [] { FAIL(); };
      reactor.arm(probe, std::chrono::milliseconds(1 << (i % 24)));
      reactor.make_ready(probe);
      reactor.at_turn_end(probe);
      probe.signal();
      if (i % 3 == 0) reactor.remove(probe);
    }
  }
  EXPECT_EQ(destroyed, 200);
}

// What a source owns may be the user's, and use what else is there. AddressSanitizer tells whether it is.
TEST(Reactor, SourcesMayUseTheReactorWhileItDestroysThem) {
  int destroyed = 0;
  {
    std::array<Probe*, 4> probes{};
    Reactor reactor;
    for (Probe*& probe : probes) probe = &add(reactor);
    const Token gone = probes[0]->token();
    for (std::size_t i = 0; i < 4; ++i) {
      probes[i]->on.destroyed = [&, gone, i] {
        ++destroyed;
        if (i != 1) return;
        EXPECT_EQ(reactor.find(gone), nullptr);
        reactor.arm(*probes[2], 5ms);
        reactor.make_ready(*probes[2]);
        reactor.at_turn_end(*probes[2]);
        reactor.remove(*probes[3]);
        EXPECT_FALSE(reactor.mailbox()->post([] {}));
      };
      reactor.arm(*probes[i], 5ms);
    }
  }
  EXPECT_EQ(destroyed, 4);
}

// ---- The ready list and the turn's end

TEST(Reactor, SourcesThatAreAlwaysReadyTakeTurnsAndStarveNobody) {
  constexpr int rounds = 1000;
  std::string order;
  bool timer = false;
  int events = 0;
  Reactor reactor;
  for (const char name : {'a', 'b', 'c'}) {
    Probe& probe = add(reactor);
    probe.on.ready = [&, name] {
      order += name;
      reactor.make_ready(probe);
      reactor.make_ready(probe);  // twice is once
    };
    reactor.make_ready(probe);
  }
  Probe& quiet = add(reactor);
  quiet.on.events = [&](std::uint32_t) { ++events; };
  quiet.on.timer = [&] { timer = true; };
  reactor.arm(quiet, 1ms);
  int round = 0;
  Probe& driver = add(reactor);
  driver.on.ready = [&] {
    quiet.signal();
    if (++round >= rounds && timer) return reactor.stop();
    reactor.make_ready(driver);
  };
  reactor.make_ready(driver);
  run(reactor);
  ASSERT_EQ(order.size(), 3 * static_cast<std::size_t>(round));
  for (std::size_t i = 0; i < order.size(); i += 3) ASSERT_EQ(order.substr(i, 3), "abc") << "round " << i / 3;
  EXPECT_EQ(events, round - 1) << "one a turn, beside the busy ones";
}

TEST(Reactor, WhoIsMadeReadyByAnEventHasItsTimeInTheSameTurn) {
  int turn = 0;
  int event_turn = 0;
  int ready_turn = 0;
  Reactor reactor;
  Probe& probe = add(reactor);
  probe.on.events = [&](std::uint32_t) {
    event_turn = turn;
    reactor.make_ready(probe);
  };
  probe.on.ready = [&] { ready_turn = turn; };
  const auto count = [&] { ++turn; };
  run_steps(reactor, {count, [&] { probe.signal(); }, count, count});
  EXPECT_EQ(event_turn, 1);
  EXPECT_EQ(ready_turn, 2) << "after the driver, which counts and was ready before";
}

TEST(Reactor, TheTurnEndsWhenNobodyAsksForItsEndAnyMore) {
  std::string order;
  int asked = 0;
  Reactor reactor;
  Probe& one = add(reactor);
  Probe& other = add(reactor);
  Probe& removed = add(reactor);
  removed.on.turn_end = [&] { order += "removed "; };
  removed.on.destroyed = [&] { order += "destroyed "; };
  one.on.turn_end = [&] {
    order += "one ";
    reactor.at_turn_end(other);
    if (++asked < 3) reactor.at_turn_end(one);
  };
  other.on.turn_end = [&] { order += "other "; };
  run_steps(reactor, {[&] {
                        reactor.at_turn_end(one);
                        reactor.at_turn_end(one);  // twice is once
                        reactor.at_turn_end(removed);
                        reactor.remove(removed);
                      },
                      [&] { order += "| "; }});
  EXPECT_EQ(order, "one other one other one other destroyed | ");
}

TEST(Reactor, WhatIsAskedForBeforeRunHappensInTheFirstTurn) {
  Reactor reactor;
  Probe& probe = add(reactor);
  probe.on.turn_end = [&] { reactor.stop(); };
  reactor.at_turn_end(probe);
  run(reactor);
}

TEST(Reactor, FinishTurnDoesAfterRunWhatEndsATurn) {
  std::string order;
  Reactor reactor;
  Probe& probe = add(reactor);
  probe.on.announcement = [&](Announcement announcement) {
    EXPECT_EQ(announcement, Announcement::stop);
    reactor.at_turn_end(probe);
  };
  probe.on.turn_end = [&] {
    order += "end ";
    reactor.remove(probe);
  };
  probe.on.destroyed = [&] { order += "destroyed "; };
  reactor.stop();
  run(reactor);
  reactor.announce(Announcement::stop);
  EXPECT_EQ(order, "");
  reactor.finish_turn();
  EXPECT_EQ(order, "end destroyed ");
}

TEST(Reactor, AnnouncesToEverySourceThatIsThere) {
  std::multiset<int> told;
  Reactor reactor;
  std::array<Probe*, 5> probes{};
  for (int i = 0; i < 5; ++i) {
    Probe& probe = *(probes[static_cast<std::size_t>(i)] = &add(reactor));
    probe.on.announcement = [&told, i](Announcement announcement) {
      EXPECT_EQ(announcement, Announcement::drain);
      told.insert(i);
    };
  }
  reactor.remove(*probes[2]);
  probes[1]->on.announcement = [&](Announcement) {
    told.insert(1);
    reactor.remove(*probes[1]);
    reactor.remove(*probes[3]);
    for (int i = 0; i < 100; ++i) (void)add(reactor);  // the table of sources moves
  };
  reactor.announce(Announcement::drain);
  EXPECT_EQ(told, (std::multiset<int>{0, 1, 4}));
}

// ---- Timers

TEST(Reactor, ATimerFiresOnceAndNotBeforeItsTime) {
  for (const auto delay : {-5ms, 0ms, 1ms, 20ms, 63ms, 64ms, 65ms, 150ms, 1000ms}) {
    int fired = 0;
    Reactor reactor;
    Probe& probe = add(reactor);
    const auto armed = Clock::now();
    probe.on.timer = [&] {
      ++fired;
      EXPECT_GE(Clock::now() - armed, delay - kClockLag);
      EXPECT_GE(reactor.now(), delay);
      reactor.stop();
    };
    reactor.arm(probe, delay);
    run(reactor);
    EXPECT_EQ(fired, 1) << delay.count();
  }
}

// The reactor may be made long before it runs.
TEST(Reactor, ATimerThatIsArmedBeforeRunCountsFromThen) {
  Reactor reactor;
  let_time_pass(250ms);
  Probe& probe = add(reactor);
  Clock::time_point fired;
  probe.on.timer = [&] {
    fired = Clock::now();
    reactor.stop();
  };
  const auto armed = Clock::now();
  reactor.arm(probe, 200ms);
  probe.signal();  // a first turn that does not wait for the timer
  run(reactor);
  EXPECT_GE(fired - armed, 200ms - kClockLag);
}

TEST(Reactor, TheTimeBeforeRunCountsForATimerThatIsArmed) {
  Reactor reactor;
  Probe& probe = add(reactor);
  probe.on.timer = [&] { reactor.stop(); };
  reactor.arm(probe, 900ms);
  let_time_pass(950ms);
  const auto began = Clock::now();
  run(reactor);
  EXPECT_LT(Clock::now() - began, 800ms);
}

TEST(Reactor, ArmingAnewReplacesTheTime) {
  std::string order;
  Reactor reactor;
  Probe& moved_back = add(reactor);
  Probe& moved_forward = add(reactor);
  Probe& kept = add(reactor);
  Probe& disarmed = add(reactor);
  Probe& end = add(reactor);
  moved_back.on.timer = [&] { order += "back "; };
  moved_forward.on.timer = [&] { order += "forward "; };
  kept.on.timer = [&] { order += "kept "; };
  disarmed.on.timer = [&] { order += "disarmed "; };
  end.on.timer = [&] { reactor.stop(); };
  reactor.arm(moved_back, 1ms);
  reactor.arm(moved_back, 60ms);
  reactor.arm(moved_forward, 100'000ms);
  reactor.arm_no_later(moved_forward, 20ms);
  reactor.arm_no_later(kept, 40ms);
  reactor.arm_no_later(kept, 100'000ms);
  reactor.arm(disarmed, 1ms);
  reactor.disarm(disarmed);
  reactor.disarm(disarmed);
  reactor.arm(end, 80ms);
  run(reactor);
  EXPECT_EQ(order, "forward kept back ");
}

/// With whatever the wait is told of the time when it begins.
TEST(Reactor, ATimerThatIsArmedAfterItHasSleptMayBeTheEarliestOne) {
  Reactor reactor;
  Probe& late = add(reactor);
  Probe& early = add(reactor);
  late.on.timer = [] { FAIL(); };
  early.on.timer = [&] { reactor.stop(); };
  early.on.events = [&](std::uint32_t) { reactor.arm(early, 20ms); };
  reactor.arm(late, 100'000ms);
  std::thread other([&] {
    std::this_thread::sleep_for(30ms);  // it sleeps now: what is tested
    early.signal();
  });
  run(reactor);
  other.join();
}

TEST(Reactor, SleepsOnBehindTheTimeThatATimerHadBefore) {
  Reactor reactor;
  Probe& probe = add(reactor);
  std::uint64_t turns = 0;
  probe.on.events = [&](std::uint32_t) { reactor.arm(probe, 300ms); };
  probe.on.timer = [&] {
    turns = reactor.turn_number();
    reactor.stop();
  };
  reactor.arm(probe, 60ms);
  std::thread other([&] {
    std::this_thread::sleep_for(20ms);  // as above
    probe.signal();
  });
  run(reactor);
  other.join();
  EXPECT_GE(reactor.now(), 300ms);
  EXPECT_LT(turns, 30U);
}

TEST(Reactor, DelaysAsLongAsTheTypeAllowsDoNotWrapAround) {
  Reactor reactor;
  Probe& far = add(reactor);
  Probe& end = add(reactor);
  far.on.timer = [] { FAIL(); };
  end.on.timer = [&] { reactor.stop(); };
  reactor.arm(far, std::chrono::milliseconds::max());
  reactor.arm_no_later(far, std::chrono::milliseconds::max() - 1ms);
  reactor.arm(end, 20ms);
  run(reactor);
}

TEST(Reactor, ATimerMayArmDisarmAndRemoveInsideItself) {
  std::string order;
  Reactor reactor;
  Probe& periodic = add(reactor);
  Probe& disarmed = add(reactor);
  int rounds = 0;
  periodic.on.timer = [&] {
    order += "p";
    reactor.disarm(disarmed);
    reactor.disarm(periodic);  // it is not armed any more
    if (++rounds == 5) {
      reactor.remove(periodic);
      return reactor.stop();
    }
    reactor.arm(periodic, 0ms);
    reactor.arm(disarmed, 0ms);
  };
  disarmed.on.timer = [&] { order += "d"; };
  reactor.arm(periodic, 0ms);
  run(reactor);
  EXPECT_EQ(order, "ppppp") << "periodic is the first of each tick, and disarms the other";
}

// A timer that arms itself for at once is due in the next turn at the earliest.
TEST(Reactor, ATimerThatIsAlwaysDueDoesNotHoldUpTheTurn) {
  int fired = 0;
  std::vector<int> seen;
  Reactor reactor;
  Probe& busy = add(reactor);
  busy.on.timer = [&] {
    ++fired;
    reactor.arm(busy, 0ms);
    let_time_pass(2ms);
  };
  reactor.arm(busy, 0ms);
  const auto step = [&] {
    seen.push_back(fired);
    let_time_pass(2 * kClockLag);
  };
  run_steps(reactor, {step, step, step, step});
  for (std::size_t i = 1; i < seen.size(); ++i) EXPECT_LE(seen[i] - seen[i - 1], 1);
  EXPECT_GE(fired, 2);
}

TEST(Reactor, LongTimersShareTheirWakeUps) {
  constexpr std::size_t count = 2000;
  std::set<std::chrono::milliseconds> times;
  std::size_t fired = 0;
  Reactor reactor;
  for (std::size_t i = 0; i < count; ++i) {
    Probe& probe = add(reactor);
    if (i % 500 == 0) let_time_pass(1ms);
    probe.on.timer = [&] {
      times.insert(reactor.now());
      if (++fired == count) reactor.stop();
    };
    reactor.arm(probe, std::chrono::milliseconds(1000 + i % 128));
  }
  run(reactor);
  EXPECT_EQ(fired, count);
  EXPECT_GE(*times.begin(), 1000ms);
  EXPECT_LE(times.size(), 8U) << "128 ms, in steps of 64, and what the loop above took";
}

TEST(Reactor, NowNeverGoesBackAndStandsStillDuringATurn) {
  std::vector<std::chrono::milliseconds> times;
  Reactor reactor;
  const auto step = [&] {
    times.push_back(reactor.now());
    let_time_pass(5ms);
    EXPECT_EQ(reactor.now(), times.back());
  };
  run_steps(reactor, {step, step, step, step, step, step, step, step});
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
  EXPECT_GE(times.back() - times.front(), 35ms - kClockLag);
}

// ---- Other threads

TEST(Reactor, RunsWhatSeveralThreadsPostOnItsOwnThread) {
  constexpr std::size_t threads_count = 4;
  constexpr std::size_t each = 5000;
  Reactor reactor;
  std::vector<std::size_t> seen(threads_count);
  std::size_t total = 0;
  const auto own = std::this_thread::get_id();
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < threads_count; ++thread) {
    threads.emplace_back([&, thread, mailbox = reactor.mailbox()] {
      for (std::size_t i = 0; i < each; ++i) {
        EXPECT_TRUE(mailbox->post([&, thread, i] {
          EXPECT_EQ(std::this_thread::get_id(), own);
          EXPECT_EQ(seen[thread]++, i);
          if (++total == threads_count * each) reactor.stop();
        }));
      }
    });
  }
  run(reactor);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(total, threads_count * each);
}

TEST(Reactor, ATaskThatPostsRunsAgainWithoutStarvingOthers) {
  int tasks = 0;
  int turns = 0;
  Reactor reactor;
  std::function<void()> again = [&] {
    ++tasks;
    EXPECT_TRUE(reactor.mailbox()->post([&] { again(); }));
  };
  Probe& driver = add(reactor);
  driver.on.ready = [&] {
    if (++turns == 100) return reactor.stop();
    reactor.make_ready(driver);
  };
  reactor.make_ready(driver);
  EXPECT_TRUE(reactor.mailbox()->post([&] { again(); }));
  run(reactor);
  EXPECT_GE(tasks, 99);
  EXPECT_LE(tasks, 101) << "one a turn";
}

TEST(Reactor, ATaskThatThrowsIsLoggedAndTheNextOneRuns) {
  std::vector<std::string> lines;
  set_logger(LogLevel::error, [&lines](LogLevel, std::string_view line) { lines.emplace_back(line); });
  bool next = false;
  Reactor reactor;
  EXPECT_TRUE(reactor.mailbox()->post([] { throw std::runtime_error("out of luck"); }));
  EXPECT_TRUE(reactor.mailbox()->post([&] {
    next = true;
    reactor.stop();
  }));
  run(reactor);
  set_logger(LogLevel::warning, {});
  EXPECT_TRUE(next);
  EXPECT_EQ(lines, std::vector<std::string>{"a posted task threw: out of luck"});
}

TEST(Reactor, KnowsItsThreadWhileItRuns) {
  Reactor reactor;
  bool own = false;
  EXPECT_TRUE(reactor.mailbox()->post([&] {
    own = reactor.mailbox()->on_own_thread();
    reactor.stop();
  }));
  std::thread([&] { run(reactor); }).join();
  EXPECT_TRUE(own);
  EXPECT_FALSE(reactor.mailbox()->on_own_thread());
}

TEST(Reactor, WoundUpItHasNoThread) {
  Reactor reactor;
  std::vector<Announcement> heard;
  bool own = false;
  add(reactor).on.announcement = [&](Announcement announcement) {
    heard.push_back(announcement);
    own = reactor.mailbox()->on_own_thread();
  };
  reactor.stop();
  run(reactor);
  reactor.wind_up();
  EXPECT_EQ(heard, std::vector<Announcement>{Announcement::stop});
  EXPECT_TRUE(own);
  EXPECT_FALSE(reactor.mailbox()->on_own_thread());
}

TEST(Reactor, ItsMailboxOutlivesIt) {
  std::shared_ptr<Mailbox> mailbox;
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = owned;
  {
    Reactor reactor;
    mailbox = reactor.mailbox();
    EXPECT_TRUE(mailbox->post([owned = std::move(owned)] {}));
  }
  EXPECT_TRUE(watch.expired()) << "what nobody will call is destroyed";
  EXPECT_FALSE(mailbox->post([] {}));
  mailbox->wake();
}

TEST(Reactor, OnWakeComesBeforeTheTasks) {
  std::string order;
  Reactor reactor;
  reactor.on_wake([&] { order += "woken "; });
  EXPECT_TRUE(reactor.mailbox()->post([&] {
    order += "task ";
    reactor.stop();
  }));
  run(reactor);
  EXPECT_EQ(order, "woken task ");
}

TEST(Reactor, AWakeFromAnotherThreadIsHeardWhileItWaits) {
  std::atomic<int> woken{0};
  Reactor reactor;
  reactor.on_wake([&] {
    if (woken.fetch_add(1) + 1 == 100) reactor.stop();
  });
  std::thread other([&, mailbox = reactor.mailbox()] {
    for (int i = 0; i < 100; ++i) {
      mailbox->wake();
      while (woken.load() <= i) std::this_thread::yield();
    }
  });
  run(reactor);
  other.join();
  EXPECT_GE(woken.load(), 100);
}

// An event that comes while it asks, one that comes while it sleeps after that, and timers before and behind.
TEST(Reactor, PollsBusilyAndThenSleeps) {
  Reactor reactor;
  reactor.busy_poll(20ms);
  std::string order;
  Probe& probe = add(reactor);
  Probe& timed = add(reactor);
  timed.on.timer = [&] {
    order += "timer ";
    if (order != "event timer ") return reactor.stop();
    reactor.arm(timed, 60ms);  // behind the busy part
  };
  probe.on.events = [&](std::uint32_t) {
    order += "event ";
    reactor.arm(timed, 5ms);  // inside it
  };
  std::thread other([&] { probe.signal(); });
  run(reactor);
  other.join();
  EXPECT_EQ(order, "event timer timer ");
}

TEST(Reactor, PollsBusilyNoLongerThanUntilTheNextTimer) {
  Reactor reactor;
  reactor.busy_poll(1h);
  Probe& timed = add(reactor);
  bool fired = false;
  timed.on.timer = [&] {
    fired = true;
    reactor.stop();
  };
  reactor.arm(timed, 5ms);
  run(reactor);
  EXPECT_TRUE(fired);
}

TEST(Reactor, StopBeforeRunMakesRunReturnAtOnce) {
  Reactor reactor;
  Probe& probe = add(reactor);
  probe.on.ready = [] { FAIL(); };
  reactor.make_ready(probe);
  reactor.stop();
  reactor.stop();
  run(reactor);
}

TEST(Reactor, StopFromInsideFinishesTheTurn) {
  std::string order;
  Reactor reactor;
  Probe& probe = add(reactor);
  probe.on.events = [&](std::uint32_t) {
    order += "events ";
    reactor.stop();
    reactor.make_ready(probe);
    reactor.at_turn_end(probe);
  };
  probe.on.ready = [&] { order += "ready "; };
  probe.on.turn_end = [&] { order += "end "; };
  probe.signal();
  run(reactor);
  EXPECT_EQ(order, "events ready end ");
}

TEST(Reactor, StopsFromAnotherThread) {
  for (int round = 0; round < 50; ++round) {
    Reactor reactor;
    std::thread other([&] { reactor.stop(); });
    run(reactor);
    other.join();
  }
}

Reactor* stopped_by_signal = nullptr;

TEST(Reactor, StopsFromASignalHandler) {
  Reactor reactor;
  stopped_by_signal = &reactor;
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) { stopped_by_signal->stop(); };
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &before), 0);
  std::atomic<bool> running{false};
  EXPECT_TRUE(reactor.mailbox()->post([&] { running.store(true); }));
  std::thread other([&, target = ::pthread_self()] {
    while (!running.load()) std::this_thread::yield();
    EXPECT_EQ(::pthread_kill(target, SIGUSR1), 0);
  });
  run(reactor);
  other.join();
  EXPECT_EQ(::sigaction(SIGUSR1, &before, nullptr), 0);
  stopped_by_signal = nullptr;
}

// A signal that means nothing to it interrupts the wait; it must neither end it nor let a timer fire early.
TEST(Reactor, ASignalThatInterruptsTheWaitChangesNothing) {
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) {};
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &before), 0);
  Reactor reactor;
  std::atomic<bool> fired{false};
  Probe& probe = add(reactor);
  const auto armed = Clock::now();
  probe.on.timer = [&] {
    EXPECT_GE(Clock::now() - armed, 100ms - kClockLag);
    fired.store(true);
    reactor.stop();
  };
  reactor.arm(probe, 100ms);
  std::thread other([&, target = ::pthread_self()] {
    while (!fired.load()) {
      ::pthread_kill(target, SIGUSR1);
      std::this_thread::yield();
    }
  });
  run(reactor);
  other.join();
  EXPECT_TRUE(fired.load());
  EXPECT_EQ(::sigaction(SIGUSR1, &before, nullptr), 0);
}

}  // namespace
}  // namespace mote::core
