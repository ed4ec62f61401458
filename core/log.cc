#include "core/log.h"

#include <unistd.h>

#include <atomic>
#include <cstring>
#include <mutex>
#include <utility>

namespace mote {
namespace {

struct Logger {
  std::mutex mutex;
  std::function<void(LogLevel, std::string_view)> function;
};

std::atomic<LogLevel> threshold{LogLevel::warning};

// Never destroyed: a server in a static object may still log while the process ends.
Logger& logger() {
  static auto* instance = new Logger;
  return *instance;
}

constexpr std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    default:
      return "error";
  }
}

void append_escaped(std::string& line, std::string_view part) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (const char c : part) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      line += c;
    } else {
      line += "\\x";
      line += digits[byte >> 4];
      line += digits[byte & 15];
    }
  }
}

void write_to_standard_error(LogLevel level, std::string_view text) {
  std::string line;
  line.append("mote ").append(name_of(level)).append(": ").append(text).append("\n");
  // One write, so that lines of several processes do not mix; there is nothing to do where it fails.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

void set_logger(LogLevel level, std::function<void(LogLevel, std::string_view)> function) {
  const std::scoped_lock lock(logger().mutex);
  logger().function.swap(function);  // the old one is destroyed without the lock: it may own something that logs
  threshold.store(level, std::memory_order_relaxed);
}

namespace core {

bool log_enabled(LogLevel level) noexcept { return level >= threshold.load(std::memory_order_relaxed); }

void log(LogLevel level, std::initializer_list<std::string_view> parts) noexcept {
  thread_local bool inside = false;  // what the user's function logs itself would wait for its own lock
  if (inside || !log_enabled(level)) return;
  inside = true;
  try {
    std::string line;
    for (const auto part : parts) append_escaped(line, part);
    const std::scoped_lock lock(logger().mutex);
    if (logger().function) {
      logger().function(level, line);
    } else {
      write_to_standard_error(level, line);
    }
  } catch (...) {  // NOLINT(bugprone-empty-catch): a logger that fails must not end a connection
  }
  inside = false;
}

std::string_view errno_text(int error) noexcept {
  const char* const text = ::strerrordesc_np(error);
  return text != nullptr ? text : "unknown error";
}

}  // namespace core
}  // namespace mote
