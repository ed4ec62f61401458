#include "net/resolver.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "net/socket.h"
#include "tests/support/running_reactor.h"
#include "tests/support/running_server.h"

namespace mote::net {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using test::eventually;
using test::Journal;
using test::RunningReactor;

/// `192.0.2.1 2001:db8::1`, or the error.
std::string text_of(const LookupAnswer& answer) {
  EXPECT_NE(answer.addresses.empty(), answer.error.empty());
  std::string text = answer.error;
  for (const sockaddr_storage& address : answer.addresses) {
    if (!text.empty()) text += ' ';
    text += PeerAddress(address).ip();
    EXPECT_EQ(PeerAddress(address).port(), 0);
  }
  return text;
}

/// Looks names up to addresses that it makes of their length; each look-up hangs until it is let go. Shared with the
/// threads, which may outlive the test's scope.
class SlowNames {
 public:
  LookupAnswer look_up(const std::string& host) {
    std::unique_lock lock(mutex_);
    asked_.push_back(host);
    most_ = std::max(most_, ++inside_);
    changed_.wait(lock, [&] { return open_ || let_go_.contains(host); });
    --inside_;
    return look_up_literal("192.0.2." + std::to_string(host.size()));
  }
  void let_go(const std::string& host) {
    const std::scoped_lock lock(mutex_);
    let_go_.insert(host);
    changed_.notify_all();
  }
  void let_all_go() {
    const std::scoped_lock lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  [[nodiscard]] std::vector<std::string> asked() const {
    const std::scoped_lock lock(mutex_);
    return asked_;
  }
  [[nodiscard]] std::size_t most_at_a_time() const {
    const std::scoped_lock lock(mutex_);
    return most_;
  }
  [[nodiscard]] std::size_t inside() const {
    const std::scoped_lock lock(mutex_);
    return inside_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> asked_;
  std::set<std::string> let_go_;
  std::size_t inside_ = 0;
  std::size_t most_ = 0;
  bool open_ = false;
};

class ResolverTest : public testing::Test {
 protected:
  void TearDown() override {
    loop.on_thread([&] {
      requests.clear();
      resolver.reset();
    });
    names->let_all_go();
    EXPECT_TRUE(eventually([&] { return names.use_count() == 1; })) << "a thread has not ended";
  }
  void make(LookupCrew::Lookup lookup) {
    loop.on_thread([&] { resolver = std::make_unique<Resolver>(*loop, std::move(lookup)); });
  }
  void make_slow() {
    make([names = names](const std::string& host) { return names->look_up(host); });
  }
  /// `answers` gets a line `name: text`.
  void ask(const std::string& host, const std::string& name) {
    loop.on_thread([&] {
      requests[name] =
          resolver->resolve(host, [this, name, own = std::this_thread::get_id()](const LookupAnswer& answer) {
            EXPECT_EQ(std::this_thread::get_id(), own);
            answers.add(std::string(name).append(": ").append(text_of(answer)));
          });
      EXPECT_EQ(answers.count(name + ":"), 0U) << "an answer before the call has returned";
    });
  }
  std::string answer_for(const std::string& host) {
    const std::size_t before = answers.size();
    ask(host, "answer" + std::to_string(before));
    EXPECT_TRUE(eventually([&] { return answers.size() > before; }));
    return answers.size() > before ? answers.lines().back().substr(answers.lines().back().find(": ") + 2) : "none";
  }
  void cancel(const std::string& name) {
    loop.on_thread([&] { requests.erase(name); });
  }

  std::shared_ptr<SlowNames> names = std::make_shared<SlowNames>();
  Journal answers;
  RunningReactor loop;
  std::unique_ptr<Resolver> resolver;
  std::map<std::string, Resolver::Request> requests;
};

TEST_F(ResolverTest, AddressesNeedNobodyToBeAsked) {
  make([](const std::string& host) -> LookupAnswer { return {{}, "asked for " + host}; });
  EXPECT_EQ(answer_for("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(answer_for("2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(answer_for("::ffff:192.0.2.1"), "192.0.2.1") << "as PeerAddress sees it";
  EXPECT_EQ(answer_for("192.0.2.1.example"), "cannot resolve \"192.0.2.1.example\": asked for 192.0.2.1.example");
}

TEST_F(ResolverTest, LocalhostIsThisMachineWhateverANameServerSays) {
  make([](const std::string& host) -> LookupAnswer { return {{}, "asked for " + host}; });
  for (const char* const name : {"localhost", "LocalHost", "localhost.", "x.localhost", "a.b.localhost."}) {
    EXPECT_EQ(answer_for(name), "::1 127.0.0.1") << name;
  }
  for (const std::string name : {"xlocalhost", "localhost.example", ".", "localhost.."}) {
    EXPECT_EQ(answer_for(name), std::string("cannot resolve \"").append(name).append("\": asked for ").append(name));
  }
}

TEST_F(ResolverTest, WhatIsNoNameIsNotAskedFor) {
  make_slow();
  EXPECT_EQ(answer_for(""), "cannot resolve \"\": not a host name");
  const std::string with_zero("127.0.0.1\0.example", 18);
  EXPECT_EQ(answer_for(with_zero), "cannot resolve \"" + with_zero + "\": not a host name");
  EXPECT_TRUE(names->asked().empty());
}

// The system's files and servers are asked here: `.invalid` never exists (RFC 6761 §6.4), and getaddrinfo says so, or
// that there is nobody to ask.
TEST_F(ResolverTest, TheSystemsErrorsBecomeText) {
  make(look_up);
  const std::string answer = answer_for("mote.invalid");
  EXPECT_TRUE(answer.starts_with("cannot resolve \"mote.invalid\": ")) << answer;
  EXPECT_GT(answer.size(), 35U) << answer;
  EXPECT_NE(answer_for(std::string(3000, 'x')).find("cannot resolve"), std::string::npos);
}

TEST(LookUp, AsksTheSystem) {
  EXPECT_EQ(text_of(look_up("127.0.0.1")), "127.0.0.1");
  EXPECT_EQ(text_of(look_up_literal("192.0.2.1")), "192.0.2.1");
  EXPECT_EQ(text_of(look_up_literal("example.org")), "Name or service not known");
}

TEST_F(ResolverTest, WhoAsksForTheSameNameAtTheSameTimeSharesALookUp) {
  make_slow();
  ask("example", "a");
  ask("example", "b");
  EXPECT_TRUE(eventually([&] { return names->inside() == 1; }));
  ask("example", "c");
  names->let_go("example");
  EXPECT_TRUE(eventually([&] { return answers.size() == 3; }));
  EXPECT_EQ(answers.lines(), (std::vector<std::string>{"a: 192.0.2.7", "b: 192.0.2.7", "c: 192.0.2.7"}));
  EXPECT_EQ(names->asked(), std::vector<std::string>{"example"});
  ask("example", "d");
  EXPECT_TRUE(eventually([&] { return answers.size() == 4; }));
  EXPECT_EQ(names->asked().size(), 2U) << "nothing is remembered";
}

TEST_F(ResolverTest, ManyNamesAreLookedUpByAFewThreads) {
  constexpr std::size_t count = 100;
  make_slow();
  for (std::size_t i = 0; i < count; ++i) ask(std::string(i + 1, 'x'), "n" + std::to_string(i + 1));
  EXPECT_TRUE(eventually([&] { return names->inside() == LookupCrew::kThreads; }));
  names->let_all_go();
  EXPECT_TRUE(eventually([&] { return answers.size() == count; }));
  for (std::size_t i = 1; i <= count; ++i) {
    const std::string number = std::to_string(i);
    EXPECT_EQ(answers.count(std::string("n").append(number).append(": 192.0.2.").append(number)), 1U) << i;
  }
  EXPECT_EQ(names->most_at_a_time(), LookupCrew::kThreads);
}

TEST_F(ResolverTest, ACancelledRequestIsNotAnswered) {
  make_slow();
  ask("one", "a");
  ask("one", "b");
  ask("other", "c");
  EXPECT_TRUE(eventually([&] { return names->inside() == 2; }));
  cancel("a");
  cancel("c");
  names->let_all_go();
  EXPECT_TRUE(eventually([&] { return answers.size() == 1 && names->inside() == 0; }));
  EXPECT_EQ(answer_for("last"), "192.0.2.4");
  EXPECT_EQ(answers.lines().front(), "b: 192.0.2.3");
  EXPECT_EQ(answers.size(), 2U);
}

TEST_F(ResolverTest, ACancelledRequestForAnAddressIsNotAnswered) {
  make_slow();
  loop.on_thread([&] {
    for (int i = 0; i < 3; ++i) {
      auto request = resolver->resolve("127.0.0.1", [](const LookupAnswer&) { FAIL(); });
      request.cancel();
      request.cancel();
    }
  });
  EXPECT_EQ(answer_for("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(answer_for("127.0.0.2"), "127.0.0.2");
}

TEST_F(ResolverTest, ANameThatNobodyWaitsForIsNotLookedUp) {
  make_slow();
  for (const char* const host : {"a", "bb", "ccc", "dddd"}) ask(host, host);
  EXPECT_TRUE(eventually([&] { return names->inside() == LookupCrew::kThreads; }));
  ask("waiting", "first");
  ask("waiting", "second");
  ask("gone", "third");
  cancel("third");
  cancel("first");
  names->let_all_go();
  EXPECT_TRUE(eventually([&] { return answers.size() == 5; }));
  const auto asked = names->asked();
  EXPECT_EQ(std::count(asked.begin(), asked.end(), "gone"), 0);
  EXPECT_EQ(std::count(asked.begin(), asked.end(), "waiting"), 1);
}

// Otherwise whoever tries again and again would fill the threads with one name.
TEST_F(ResolverTest, WhoAsksAgainWhileALookUpHangsSharesIt) {
  make_slow();
  for (int i = 0; i < 10; ++i) {
    ask("hanging", "a");
    EXPECT_TRUE(eventually([&] { return names->inside() == 1; }));
    cancel("a");
  }
  ask("hanging", "b");
  names->let_all_go();
  EXPECT_TRUE(eventually([&] { return answers.size() == 1; }));
  EXPECT_EQ(names->asked().size(), 1U);
}

TEST_F(ResolverTest, AnAnswerMayCancelAskAndEndTheResolver) {
  make_slow();
  loop.on_thread([&] {
    requests["a"] = resolver->resolve("name", [&](const LookupAnswer&) {
      answers.add("a");
      requests.erase("b");
      requests["d"] = resolver->resolve("name", [&](const LookupAnswer&) { answers.add("d"); });
    });
    requests["b"] = resolver->resolve("name", [&](const LookupAnswer&) { answers.add("b"); });
    requests["c"] = resolver->resolve("name", [&](const LookupAnswer&) { answers.add("c"); });
  });
  names->let_all_go();
  EXPECT_TRUE(eventually([&] { return answers.size() == 3; }));
  EXPECT_EQ(answers.lines(), (std::vector<std::string>{"a", "c", "d"}));
  loop.on_thread([&] {
    requests["e"] = resolver->resolve("name", [&](const LookupAnswer&) {
      answers.add("e");
      resolver.reset();
    });
    requests["f"] = resolver->resolve("name", [&](const LookupAnswer&) { answers.add("f"); });
  });
  EXPECT_TRUE(eventually([&] { return answers.size() == 4; }));
  loop.on_thread([&] { requests.clear(); });
  EXPECT_EQ(answers.count("f"), 0U);
}

TEST_F(ResolverTest, EndsAtOnceWhileLookUpsHang) {
  make_slow();
  for (int i = 1; i <= 8; ++i) ask(std::string(static_cast<std::size_t>(i), 'x'), "n" + std::to_string(i));
  EXPECT_TRUE(eventually([&] { return names->inside() == LookupCrew::kThreads; }));
  const auto began = Clock::now();
  loop.on_thread([&] { resolver.reset(); });
  EXPECT_LT(Clock::now() - began, 5s) << "it waited for a thread";
  EXPECT_EQ(names->inside(), LookupCrew::kThreads) << "they hang still";
  names->let_all_go();
  EXPECT_TRUE(eventually([&] { return names.use_count() == 1; }));
  EXPECT_EQ(answers.size(), 0U);
  EXPECT_EQ(names->asked().size(), LookupCrew::kThreads) << "who waited in line is forgotten";
}

TEST(Resolver, AnAnswerMayComeWhenTheReactorIsGone) {
  const auto names = std::make_shared<SlowNames>();
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = owned;
  {
    core::Reactor reactor;
    Resolver resolver(reactor, [names](const std::string& host) { return names->look_up(host); });
    const auto request = resolver.resolve("name", [owned = std::move(owned)](const LookupAnswer&) { FAIL(); });
    EXPECT_TRUE(eventually([&] { return names->inside() == 1; }));
  }
  EXPECT_TRUE(watch.expired()) << "no thread owns what is the asker's";
  names->let_all_go();
  EXPECT_TRUE(eventually([&] { return names.use_count() == 1; }));
}

TEST_F(ResolverTest, ItsThreadsHandleNoSignals) {
  std::atomic<int> unblocked{-1};
  make([&](const std::string&) -> LookupAnswer {
    sigset_t mask;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    int count = 0;
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGCHLD, SIGALRM, SIGRTMIN}) {
      if (::sigismember(&mask, signal) == 0) ++count;
    }
    unblocked = count;
    return {{}, "none"};
  });
  EXPECT_EQ(answer_for("name"), "cannot resolve \"name\": none");
  EXPECT_EQ(unblocked, 0);
  loop.on_thread([] {
    sigset_t mask;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    EXPECT_EQ(::sigismember(&mask, SIGTERM), 0) << "the reactor's thread has its own mask back";
  });
}

// A stack that no address space holds.
TEST_F(ResolverTest, AThreadThatCannotBeHadIsAnError) {
  make_slow();
  pthread_attr_t before;
  pthread_attr_t impossible;
  ASSERT_EQ(::pthread_getattr_default_np(&before), 0);
  ASSERT_EQ(::pthread_attr_init(&impossible), 0);
  ASSERT_EQ(::pthread_attr_setstacksize(&impossible, std::size_t{1} << 50), 0);
  ASSERT_EQ(::pthread_setattr_default_np(&impossible), 0);
  const std::string answer = answer_for("name");
  EXPECT_EQ(answer_for("192.0.2.1"), "192.0.2.1") << "needs none";
  ASSERT_EQ(::pthread_setattr_default_np(&before), 0);
  EXPECT_EQ(answer, "cannot resolve \"name\": no thread can be started: Resource temporarily unavailable");
  names->let_all_go();
  EXPECT_EQ(answer_for("name"), "192.0.2.4");
}

TEST_F(ResolverTest, ALookUpThatThrowsIsAnError) {
  make([](const std::string& host) -> LookupAnswer {
    if (host == "memory") throw std::bad_alloc();
    throw std::runtime_error("x");
  });
  EXPECT_EQ(answer_for("memory"), "cannot resolve \"memory\": out of memory");
  EXPECT_EQ(answer_for("other"), "cannot resolve \"other\": internal error");
}

}  // namespace
}  // namespace mote::net
