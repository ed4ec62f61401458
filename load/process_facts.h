#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace mote::load {

struct CpuTime {
  std::int64_t user_ns = 0;
  std::int64_t system_ns = 0;

  [[nodiscard]] std::int64_t total_ns() const { return user_ns + system_ns; }
  CpuTime operator-(const CpuTime& other) const { return {user_ns - other.user_ns, system_ns - other.system_ns}; }
};

/// What a process, all its threads together, has used of the machine.
struct ProcessFacts {
  CpuTime cpu;  ///< In steps of the kernel's clock tick, mostly 10 ms.
  std::int64_t resident_bytes = 0;
};

/// Of a process of this machine; none where there is no such process.
std::optional<ProcessFacts> read_process(int pid);

/// CPU time in the text of /proc/PID/stat (proc(5)), in clock ticks; none where it is not one.
struct CpuTicks {
  std::int64_t user = 0;
  std::int64_t system = 0;
};
std::optional<CpuTicks> parse_stat(std::string_view stat);

/// CPU time of this process.
CpuTime own_cpu();

}  // namespace mote::load
