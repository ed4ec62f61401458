#pragma once

#include <benchmark/benchmark.h>

#include <fstream>
#include <string>

namespace mote::bench {

// The CPU's name as Linux gives it, or "unknown" (AArch64 has no such line).
inline std::string cpu_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

// Puts CPU and compiler at the head of the report: a figure without them compares with nothing.
inline void describe_host() {
  benchmark::AddCustomContext("cpu", cpu_name());
#if defined(__clang__)
  benchmark::AddCustomContext("compiler", "clang " __clang_version__);
#else
  benchmark::AddCustomContext("compiler", "g++ " __VERSION__);
#endif
}

// What every benchmark's main() comes to.
inline int run(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  describe_host();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace mote::bench
