#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mote::fault {

/// What the library has logged in the present run; by one thread, the loop's.
class LogBook {
 public:
  /// No fault strikes in it.
  void add(std::string_view line) noexcept;
  /// Keeps no memory.
  void clear() { lines_ = {}; }

  /// Of all lines those in which that is.
  [[nodiscard]] std::vector<std::string> with(std::string_view part) const;
  [[nodiscard]] std::size_t count(std::string_view part) const { return with(part).size(); }

 private:
  std::vector<std::string> lines_;
};

LogBook& log_book() noexcept;

}  // namespace mote::fault
