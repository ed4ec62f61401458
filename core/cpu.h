#pragma once

#include <span>

namespace mote::core {

/// What the CPU, and the operating system on it, can run. Each is safe at any time and in any thread, before the
/// constructors of static objects included.
namespace cpu {

/// For kernels that need no more than the architecture's baseline (SSE2 on x86-64, NEON on AArch64).
[[nodiscard]] inline bool has_baseline() noexcept { return true; }

#if defined(__x86_64__)

[[nodiscard]] inline bool has_ssse3() noexcept {
  __builtin_cpu_init();
  return __builtin_cpu_supports("ssse3") != 0;
}

[[nodiscard]] inline bool has_avx2() noexcept {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") != 0;
}

/// The kernels need BW alone. VBMI came with the first CPUs that do not lower their clock for 512-bit vectors; on those
/// before, AVX2 is the better choice.
[[nodiscard]] inline bool has_fast_avx512() noexcept {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vbmi") != 0;
}

#endif

}  // namespace cpu

/// The first of `kernels` that this CPU supports. They are listed best first, and the last one runs everywhere.
template <class Kernel>
[[nodiscard]] const Kernel& best_supported(std::span<const Kernel> kernels) noexcept {
  for (const Kernel& kernel : kernels) {
    if (kernel.supported()) return kernel;
  }
  return kernels.back();
}

}  // namespace mote::core
