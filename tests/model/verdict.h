#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace mote::model {

/// What is wrong with a play, first of all things; and, where it is wanted, a line for all that happens.
class Verdict {
 public:
  explicit Verdict(bool traces) : traces_(traces) {}

  [[nodiscard]] bool traces() const { return traces_; }
  void note(std::int64_t now_ms, const std::string& text) const {
    if (traces_) std::printf("%8lld ms  %s\n", static_cast<long long>(now_ms), text.c_str());
  }
  void fail(const std::string& why) {
    if (traces_) std::printf("             WRONG: %s\n", why.c_str());
    if (failure_.empty()) failure_ = why;
  }
  /// Empty for nothing.
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  bool traces_;
  std::string failure_;
};

}  // namespace mote::model
