#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <mote/mote.h>

namespace mote::test {

/// Waits until `condition()` holds, at most ten seconds; answers whether it does.
template <class Condition>
bool eventually(Condition condition) {
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > patience) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // between two looks, not in place of one
  }
  return true;
}

/// Every message comes back.
inline Handlers echo_handlers() {
  return {.on_message = [](Connection& socket, std::string_view text) { socket.send(text); },
          .on_binary = [](Connection& socket, std::span<const std::byte> bytes) { socket.send(bytes); }};
}

/// A server with a thread of its own, on a port that the kernel chooses, stopped at the end of the scope.
class RunningServer {
 public:
  /// `setup`: called with the server before it starts, for pages and filters.
  template <class Start>
  explicit RunningServer(Start start, Options options = {}, const std::function<void(Server&)>& setup = {},
                         const std::string& location = "ws://127.0.0.1:0")
      : server_(location, std::move(options)) {
    if (setup) setup(server_);
    server_.start(std::move(start));
    thread_ = std::thread([this] { server_.run(); });
  }
  ~RunningServer() { stop(); }

  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  /// For a client of this machine.
  [[nodiscard]] std::string url(std::string_view path = {}) const { return server_.location().append(path); }
  Server& operator*() { return server_; }
  Server* operator->() { return &server_; }
  /// Stops, if it has not yet, and waits for `run` to return.
  void stop() {
    server_.stop();
    join();
  }
  void join() {
    if (thread_.joinable()) thread_.join();
  }
  /// Runs `call` on the server's thread and waits for its result.
  template <class Call>
  void on_thread(Call call) {
    bool done = false;
    std::mutex mutex;
    std::condition_variable finished;
    const bool posted = server_.post([&] {
      call();
      const std::scoped_lock lock(mutex);
      done = true;
      finished.notify_one();
    });
    if (!posted) throw std::logic_error("the server has stopped");
    std::unique_lock lock(mutex);
    finished.wait(lock, [&] { return done; });
  }

 private:
  Server server_;
  std::thread thread_;
};

/// Lines that several threads write and a test compares.
class Journal {
 public:
  void add(std::string line) {
    const std::scoped_lock lock(mutex_);
    lines_.push_back(std::move(line));
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    const std::scoped_lock lock(mutex_);
    return lines_;
  }
  [[nodiscard]] std::size_t size() const { return lines().size(); }
  [[nodiscard]] std::size_t count(std::string_view start) const {
    const auto all = lines();
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [&](const std::string& line) { return line.starts_with(start); }));
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// Collects the log lines of warnings and above for as long as it lives.
class CapturedLog : public Journal {
 public:
  explicit CapturedLog(LogLevel level = LogLevel::warning) {
    set_logger(level, [this](LogLevel, std::string_view line) { add(std::string(line)); });
  }
  ~CapturedLog() { set_logger(LogLevel::warning, {}); }
};

}  // namespace mote::test
