#include <algorithm>

#include "tests/conformance/case.h"

namespace mote::conformance {
namespace {

std::vector<int> numbers_of(const std::string& id) {
  std::vector<int> numbers = {0};
  for (const char c : id) {
    if (c == '.') {
      numbers.push_back(0);
    } else {
      numbers.back() = numbers.back() * 10 + (c - '0');
    }
  }
  return numbers;
}

}  // namespace

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (auto part : {framing_cases, utf8_cases, closing_cases, limits_cases, compression_cases}) {
    for (Case& one : part()) cases.push_back(std::move(one));
  }
  std::stable_sort(cases.begin(), cases.end(),
                   [](const Case& a, const Case& b) { return numbers_of(a.id) < numbers_of(b.id); });
  return cases;
}

}  // namespace mote::conformance
