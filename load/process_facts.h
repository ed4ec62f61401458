#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace mote::load {

/// What a process, all its threads together, has used of the machine.
struct ProcessFacts {
  std::int64_t user_ns = 0;    ///< In steps of the kernel's clock tick, mostly 10 ms.
  std::int64_t system_ns = 0;  ///< Likewise.
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

/// CPU time of this process, user and system, in nanoseconds.
std::int64_t own_cpu_ns();

}  // namespace mote::load
