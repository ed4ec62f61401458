#include "tests/abuse/report.h"

#include <array>
#include <cstdio>

namespace mote::abuse {

void Report::begin(const std::string& name) {
  std::printf("== %s\n", name.c_str());
  std::fflush(stdout);
}

void Report::figure(const std::string& name, const std::string& value) {
  std::printf("   %-44s %s\n", name.c_str(), value.c_str());
  std::fflush(stdout);
}

void Report::must(bool kept, const std::string& bound) {
  if (!kept) ++missed_;
  std::printf("   %s %s\n", kept ? "kept:  " : "MISSED:", bound.c_str());
  std::fflush(stdout);
}

std::string decimal(double value, int decimals) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return text.data();
}

std::string mebibytes(std::int64_t bytes) { return decimal(static_cast<double>(bytes) / (1024.0 * 1024.0)) + " MiB"; }

}  // namespace mote::abuse
