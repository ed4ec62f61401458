#pragma once

#include <array>
#include <cstddef>
#include <string>

namespace mote::fault {

/// Keeps the books of what the connections were told: each is opened once and closed once, and hears nothing before or
/// after. Needs no memory, so that it can be kept where there is none.
class Ledger {
 public:
  /// `must_open`: a server's connections have an on_open each; a client's may be closed without.
  explicit Ledger(bool must_open) : must_open_(must_open) {}

  void opened(const void* connection);
  void heard(const void* connection);
  void closed(const void* connection);

  [[nodiscard]] std::size_t opens() const { return opens_; }
  [[nodiscard]] std::size_t closes() const { return closes_; }
  /// Those that are open now.
  [[nodiscard]] std::size_t open() const { return opens_ - closes_of_open_; }
  /// What was wrong first; empty for nothing.
  [[nodiscard]] const char* fault() const { return fault_; }

 private:
  static constexpr std::size_t kMost = 64;

  const void** find(const void* connection);
  void note(const char* fault) {
    if (*fault_ == '\0') fault_ = fault;
  }

  bool must_open_;
  std::array<const void*, kMost> open_{};
  std::size_t opens_ = 0;
  std::size_t closes_ = 0;
  std::size_t closes_of_open_ = 0;
  const char* fault_ = "";
};

}  // namespace mote::fault
