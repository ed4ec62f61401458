// UTF-8 validation per kernel, size and kind of text, beside memcpy of as many bytes.

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "bench/cache_line_buffer.h"
#include "bench/host.h"
#include "bench/texts.h"
#include "core/utf8.h"

namespace {

using mote::bench::CacheLineBuffer;
using mote::core::Utf8Kernel;

template <class Valid>
void run(benchmark::State& state, std::string_view text, const Valid& valid) {
  auto size = static_cast<std::size_t>(state.range(0));
  CacheLineBuffer buffer(size);
  std::memcpy(buffer.data(), mote::bench::repeated(text, size).data(), size);
  for (auto _ : state) {
    benchmark::DoNotOptimize(size);
    benchmark::DoNotOptimize(valid(buffer.data(), size));
  }
  if (!valid(buffer.data(), size)) state.SkipWithError("the text is not valid");
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

bool feed_whole(const std::byte* data, std::size_t size) {
  mote::core::Utf8Validator validator;
  return validator.feed(std::span(data, size)) && validator.complete();
}

void sizes(benchmark::internal::Benchmark* bench) {
  for (const std::int64_t size : {8, 20, 32, 33, 64, 125, 256, 1024, 4096, 16384, 65536, 1 << 20, 16 << 20}) {
    bench->Arg(size);
  }
}

void register_text(const std::string& kind, std::string_view text) {
  const auto add = [&](const std::string& name, const auto& valid) {
    benchmark::RegisterBenchmark((name + '/' + kind).c_str(), [=](benchmark::State& state) {
      run(state, text, valid);
    })->Apply(sizes);
  };
  add("utf8/chosen", [](const std::byte* data, std::size_t size) { return mote::core::utf8_valid(data, size); });
  add("utf8/incremental", &feed_whole);
  for (const Utf8Kernel& kernel : mote::core::utf8_kernels()) {
    if (kernel.supported()) add(std::string("utf8/") + kernel.name, kernel.valid);
  }
}

void copy(benchmark::State& state) {
  auto size = static_cast<std::size_t>(state.range(0));
  CacheLineBuffer source(size);
  CacheLineBuffer target(size);
  for (auto _ : state) {
    benchmark::DoNotOptimize(size);
    std::memcpy(target.data(), source.data(), size);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::AddCustomContext("kernel", mote::core::chosen_utf8_kernel().name);
  register_text("mixed", mote::bench::kMixedText);
  register_text("ascii", mote::bench::kAsciiText);
  benchmark::RegisterBenchmark("memcpy", copy)->Apply(sizes);
  return mote::bench::run(argc, argv);
}
