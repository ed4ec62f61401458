#include "core/log.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <mote/log.h>

namespace mote::core {
namespace {

using namespace std::string_view_literals;
using Lines = std::vector<std::pair<LogLevel, std::string>>;

class Log : public testing::Test {
 protected:
  ~Log() override { set_logger(LogLevel::warning, {}); }

  void record(LogLevel level) {
    set_logger(level, [this](LogLevel at, std::string_view text) { lines.emplace_back(at, text); });
  }

  Lines lines;
};

TEST_F(Log, WritesTheLevelAndAbove) {
  constexpr std::array levels = {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error};
  for (const LogLevel threshold : levels) {
    lines.clear();
    record(threshold);
    Lines expected;
    for (const LogLevel level : levels) {
      EXPECT_EQ(log_enabled(level), level >= threshold);
      log(level, {"text"});
      if (level >= threshold) expected.emplace_back(level, "text");
    }
    EXPECT_EQ(lines, expected);
  }
}

TEST_F(Log, OffWritesNothing) {
  record(LogLevel::off);
  for (const LogLevel level : {LogLevel::debug, LogLevel::warning, LogLevel::error}) {
    EXPECT_FALSE(log_enabled(level));
    log(level, {"text"});
  }
  EXPECT_TRUE(lines.empty());
}

TEST_F(Log, MakesOneLineOfItsParts) {
  record(LogLevel::debug);
  log(LogLevel::info, {});
  log(LogLevel::info, {"one"});
  log(LogLevel::info, {"192.0.2.1:80", "", ": ", "closed"});
  EXPECT_EQ(lines, (Lines{{LogLevel::info, ""}, {LogLevel::info, "one"}, {LogLevel::info, "192.0.2.1:80: closed"}}));
}

// What a peer sent must not forge a line, move a terminal's cursor, or be anything but ASCII.
TEST_F(Log, EscapesAllThatIsNotPrintableAscii) {
  record(LogLevel::debug);
  log(LogLevel::info, {"a\r\nb\0c\x1b[2J\x7f\xc3\xa9~ "sv});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].second, R"(a\x0d\x0ab\x00c\x1b[2J\x7f\xc3\xa9~ )");

  for (int value = 0; value < 256; ++value) {
    lines.clear();
    const char byte = static_cast<char>(value);
    log(LogLevel::info, {std::string_view(&byte, 1)});
    ASSERT_EQ(lines.size(), 1U);
    const bool printable = value >= 0x20 && value <= 0x7e;
    EXPECT_EQ(lines[0].second.size(), printable ? 1U : 4U) << value;
    for (const char c : lines[0].second) EXPECT_TRUE(c >= 0x20 && c <= 0x7e) << value;
  }
}

TEST_F(Log, AnEmptyFunctionMeansStandardError) {
  set_logger(LogLevel::info, {});
  testing::internal::CaptureStderr();
  log(LogLevel::debug, {"not this"});
  log(LogLevel::info, {"one ", "line\n"});
  log(LogLevel::error, {"another"});
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "mote info: one line\\x0a\nmote error: another\n");
}

TEST_F(Log, AFunctionThatThrowsIsIgnored) {
  set_logger(LogLevel::info, [](LogLevel, std::string_view) { throw std::runtime_error("no space left"); });
  log(LogLevel::error, {"text"});
  record(LogLevel::info);
  log(LogLevel::error, {"text"});  // and its lock is free again
  EXPECT_EQ(lines.size(), 1U);
}

// A logger that sends its lines through a connection may make that one log.
TEST_F(Log, AFunctionThatLogsDoesNotWaitForItself) {
  int calls = 0;
  set_logger(LogLevel::info, [&calls](LogLevel, std::string_view) {
    if (++calls < 10) log(LogLevel::error, {"from inside"});
  });
  log(LogLevel::error, {"text"});
  EXPECT_EQ(calls, 1) << "what a logger logs itself is dropped";
  log(LogLevel::error, {"text"});
  EXPECT_EQ(calls, 2);
}

TEST_F(Log, AFunctionThatLogsWhenItIsReplacedDoesNotWaitForItself) {
  struct LogsAtTheEnd {
    ~LogsAtTheEnd() { log(LogLevel::error, {"the logger is gone"}); }
  };
  set_logger(LogLevel::info, [last = std::make_shared<LogsAtTheEnd>()](LogLevel, std::string_view) {});
  record(LogLevel::info);
  EXPECT_EQ(lines, (Lines{{LogLevel::error, "the logger is gone"}}));
}

TEST_F(Log, NeverCallsTheFunctionFromTwoThreadsAtOnce) {
  constexpr int threads_count = 4;
  constexpr int each = 2000;
  std::atomic<int> inside{0};
  bool overlapped = false;
  std::size_t count = 0;  // not atomic: ThreadSanitizer would tell
  set_logger(LogLevel::info, [&](LogLevel, std::string_view) {
    overlapped = overlapped || inside.fetch_add(1) != 0;
    ++count;
    inside.fetch_sub(1);
  });
  std::vector<std::thread> threads;
  for (int i = 0; i < threads_count; ++i) {
    threads.emplace_back([] {
      for (int line = 0; line < each; ++line) log(LogLevel::warning, {"text"});
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(overlapped);
  EXPECT_EQ(count, std::size_t{threads_count} * each);
}

TEST_F(Log, TheFunctionMayBeReplacedWhileOthersLog) {
  std::atomic<bool> done{false};
  std::atomic<std::size_t> count{0};
  std::thread other([&] {
    while (!done.load()) log(LogLevel::warning, {"text"});
  });
  for (int i = 0; i < 200; ++i) {
    auto alive = std::make_unique<std::size_t>(0);
    set_logger(LogLevel::info, [&count, owned = std::shared_ptr<std::size_t>(std::move(alive))](auto, auto) {
      ++*owned;
      count.fetch_add(1);
    });
    const std::size_t before = count.load();
    while (count.load() == before) std::this_thread::yield();
  }
  done.store(true);
  other.join();
  EXPECT_GE(count.load(), 200U);
}

TEST(ErrnoText, IsTheSystemsOwn) {
  EXPECT_EQ(errno_text(ECONNRESET), "Connection reset by peer");
  EXPECT_EQ(errno_text(99999), "unknown error");
}

}  // namespace
}  // namespace mote::core
