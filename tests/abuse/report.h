#pragma once

#include <cstdint>
#include <string>

namespace mote::abuse {

/// Prints what a scenario has seen, a line for each figure, and keeps count of the bounds that were missed.
class Report {
 public:
  /// Begins another scenario.
  void begin(const std::string& name);
  void figure(const std::string& name, const std::string& value);
  void figure(const std::string& name, std::uint64_t value) { figure(name, std::to_string(value)); }
  /// A bound; where it is missed that is said, and the program's exit code is 1.
  void must(bool kept, const std::string& bound);

  [[nodiscard]] unsigned missed() const { return missed_; }

 private:
  unsigned missed_ = 0;
};

/// `3.1 MiB`
std::string mebibytes(std::int64_t bytes);
/// With so many decimals.
std::string decimal(double value, int decimals = 1);

}  // namespace mote::abuse
