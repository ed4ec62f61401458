#include "tests/fault/log_book.h"

#include <algorithm>
#include <iterator>

#include "tests/fault/injector.h"

namespace mote::fault {

LogBook& log_book() noexcept {
  static LogBook instance;
  return instance;
}

void LogBook::add(std::string_view line) noexcept {
  const Suspended suspended;
  lines_.emplace_back(line);
}

std::vector<std::string> LogBook::with(std::string_view part) const {
  std::vector<std::string> found;
  std::ranges::copy_if(lines_, std::back_inserter(found),
                       [&](const std::string& line) { return line.find(part) != std::string::npos; });
  return found;
}

}  // namespace mote::fault
