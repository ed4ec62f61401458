#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include <mote/options.h>

#include "tests/abuse/child.h"
#include "tests/abuse/crowd.h"
#include "tests/abuse/shared.h"

namespace mote::abuse {

/// What a server process holds and has done, as it says itself and as /proc has it.
struct ServerFacts {
  std::uint64_t opened = 0;
  std::uint64_t closed = 0;
  std::uint64_t messages = 0;
  std::uint64_t connections = 0;  ///< Open ones.
  std::int64_t memory_bytes = 0;  ///< Server::memory_bytes.
  std::int64_t heap_bytes = 0;    ///< Of the process, in use.
  std::int64_t resident_bytes = 0;
  std::size_t descriptors = 0;
  double cpu_seconds = 0;
};

/// An echo server on 127.0.0.1 in a process of its own.
class ServerProcess {
 public:
  struct Settings {
    Options options = {};
    std::uint16_t port = 0;
    std::optional<std::uint64_t> most_descriptors = {};  ///< Its RLIMIT_NOFILE.
    bool tls = false;                                    ///< With a certificate of its own.
  };

  /// Returns when it listens; throws std::runtime_error where it does not.
  explicit ServerProcess(const Settings& settings);

  [[nodiscard]] Door door() const { return {port(), tls_}; }
  [[nodiscard]] std::uint16_t port() const;
  /// As of now: the server is asked.
  [[nodiscard]] ServerFacts facts() const;
  /// CPU time of the process, in seconds.
  [[nodiscard]] double cpu_seconds() const;
  [[nodiscard]] std::int64_t resident_bytes() const;
  /// Whether it ended with exit code 0.
  bool stop() { return child_->stop(); }

 private:
  struct Board {
    std::atomic<std::uint32_t> port{0};
    std::atomic<std::uint32_t> asked{0};
    std::atomic<std::uint32_t> answered{0};
    std::atomic<std::uint64_t> opened{0};
    std::atomic<std::uint64_t> closed{0};
    std::atomic<std::uint64_t> messages{0};
    std::atomic<std::uint64_t> connections{0};
    std::atomic<std::int64_t> memory_bytes{0};
    std::atomic<std::int64_t> heap_bytes{0};
  };
  static void serve(const Settings& settings, Board& board);

  bool tls_;
  Shared<Board> board_;
  std::unique_ptr<Child> child_;
};

}  // namespace mote::abuse
