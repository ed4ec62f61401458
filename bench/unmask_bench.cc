// Unmasking in place, per kernel and size, beside memcpy. Payloads begin 6 bytes behind a cache line, as behind the
// header of a short masked frame; the `aligned` runs begin on one.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "bench/cache_line_buffer.h"
#include "bench/host.h"
#include "core/unmask.h"

namespace {

using mote::bench::CacheLineBuffer;

constexpr std::uint32_t kKey = 0x1b2c3d4e;
constexpr std::size_t kHeaderBytes = 6;

// Small payloads lie one behind the other, as in a receive buffer. Going over the same few bytes again and again would
// measure how fast the CPU hands stores on to the loads of the next round instead.
constexpr std::size_t kReceivedBytes = 16384;

std::size_t stride(std::size_t size, std::size_t offset) { return (size + offset + 63) / 64 * 64; }

template <class Run>
void run_in_place(benchmark::State& state, std::size_t offset, const Run& run) {
  auto size = static_cast<std::size_t>(state.range(0));
  const std::size_t step = stride(size, offset);
  const std::size_t total = std::max(step, kReceivedBytes / step * step);
  CacheLineBuffer buffer(total);
  std::size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(size);
    run(buffer.data() + at + offset, size);
    benchmark::ClobberMemory();
    at += step;
    if (at == total) at = 0;
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

template <class Run>
void run_copy(benchmark::State& state, const Run& run) {
  auto size = static_cast<std::size_t>(state.range(0));
  const std::size_t step = stride(size, kHeaderBytes);
  const std::size_t total = std::max(step, kReceivedBytes / step * step);
  CacheLineBuffer source(total);
  CacheLineBuffer target(total);
  std::size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(size);
    run(target.data() + at, source.data() + at + kHeaderBytes, size);
    benchmark::ClobberMemory();
    at += step;
    if (at == total) at = 0;
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void sizes(benchmark::internal::Benchmark* bench) {
  for (const std::int64_t size : {8, 20, 64, 65, 125, 256, 1024, 4096, 16384, 65536, 1 << 20, 16 << 20})
    bench->Arg(size);
}

void register_all() {
  const auto add = [](const std::string& name, const auto& body) {
    benchmark::RegisterBenchmark(name.c_str(), body)->Apply(sizes);
  };
  const auto unmask_chosen = [](std::byte* data, std::size_t size) { mote::core::unmask(data, size, kKey); };
  add("unmask/chosen", [=](benchmark::State& state) { run_in_place(state, kHeaderBytes, unmask_chosen); });
  add("unmask/chosen/aligned", [=](benchmark::State& state) { run_in_place(state, 0, unmask_chosen); });
  for (const mote::core::UnmaskKernel& kernel : mote::core::unmask_kernels()) {
    if (!kernel.supported()) continue;
    const auto unmask_kernel = [run = kernel.run](std::byte* data, std::size_t size) { run(data, data, size, kKey); };
    add(std::string("unmask/") + kernel.name,
        [=](benchmark::State& state) { run_in_place(state, kHeaderBytes, unmask_kernel); });
  }
  add("unmask_copy/chosen", [](benchmark::State& state) {
    run_copy(state, [](std::byte* to, const std::byte* from, std::size_t size) {
      mote::core::unmask_copy(to, from, size, kKey);
    });
  });
  add("memcpy", [](benchmark::State& state) {
    run_copy(state, [](std::byte* to, const std::byte* from, std::size_t size) { std::memcpy(to, from, size); });
  });
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::AddCustomContext("kernel", mote::core::chosen_unmask_kernel().name);
  register_all();
  return mote::bench::run(argc, argv);
}
