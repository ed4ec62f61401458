#include "tests/conformance/head_lines.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <utility>

#include "tests/conformance/peer.h"

namespace mote::conformance {
namespace {

using Line = std::pair<std::string, std::string>;  // name in lower case, value

/// What has no colon, such as the empty line, is none.
std::vector<Line> lines_of(std::string_view head) {
  std::vector<Line> lines;
  for (std::size_t begin = head.find("\r\n"); begin != std::string_view::npos;) {
    begin += 2;
    const std::size_t end = head.find("\r\n", begin);
    const std::string_view line = head.substr(begin, end - begin);
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos) {
      const std::size_t value = std::min(line.find_first_not_of(" \t", colon + 1), line.size());
      lines.emplace_back(in_lower_case(line.substr(0, colon)), line.substr(value));
    }
    begin = end;
  }
  return lines;
}

[[noreturn]] void complain(const std::string& head, std::string_view name) {
  throw Failure("header " + std::string(name) + " is wrong in " + head);
}

}  // namespace

std::string in_lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

std::vector<std::string> names_in(std::string_view head) {
  std::vector<std::string> names;
  for (Line& line : lines_of(head)) names.push_back(std::move(line.first));
  return names;
}

std::vector<std::string> values_of(std::string_view head, std::string_view name) {
  std::vector<std::string> values;
  for (Line& line : lines_of(head)) {
    if (line.first == in_lower_case(name)) values.push_back(std::move(line.second));
  }
  return values;
}

void demand(const std::string& head, std::string_view name, const std::vector<std::string>& wanted) {
  if (values_of(head, name) != wanted) complain(head, name);
}

void demand_in_any_case(const std::string& head, std::string_view name, std::string_view wanted) {
  const auto values = values_of(head, name);
  if (values.size() != 1 || in_lower_case(values[0]) != wanted) complain(head, name);
}

}  // namespace mote::conformance
