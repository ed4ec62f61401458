// Compressing and decompressing messages with the default settings, each on its own or after those before it (context
// takeover, RFC 7692 §7.1.1). Bytes are those of the plain text; `ratio` is plain to compressed.

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <mote/compression.h>

#include "bench/host.h"
#include "bench/texts.h"
#include "core/byte_buffer.h"
#include "proto/deflate_parameters.h"
#include "proto/deflater.h"
#include "proto/fast_deflater.h"
#include "proto/inflater.h"
#include "proto/violation.h"

namespace {

using mote::core::ByteBuffer;
using mote::proto::Deflater;
using mote::proto::Inflater;
using mote::proto::kMaxWindowBits;

enum class Context { forgotten, taken_over };

// Different messages, in turn: eight windows of them, so that none is found again in the window.
constexpr std::size_t kAllBytes = 256 * 1024;

std::vector<std::string> json_messages(std::size_t size) {
  std::mt19937 random(1);  // the same in every run
  std::vector<std::string> messages;
  while (messages.size() * size < kAllBytes) messages.push_back(mote::bench::json_text(size, random));
  return messages;
}

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

void report(benchmark::State& state, std::size_t plain_bytes, std::size_t compressed_bytes) {
  const mote::Compression settings;
  state.counters["ratio"] = static_cast<double>(plain_bytes) / static_cast<double>(compressed_bytes);
  state.SetLabel("level " + std::to_string(settings.level) + ", memory level " + std::to_string(settings.memory_level));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

template <class Compress>
void measure(benchmark::State& state, Compress&& compress) {
  const std::vector<std::string> messages = json_messages(static_cast<std::size_t>(state.range(0)));
  ByteBuffer out;
  std::size_t plain_bytes = 0;
  std::size_t compressed_bytes = 0;
  std::size_t at = 0;
  for (auto _ : state) {
    out.rewind();
    compress(bytes_of(messages[at]), out);
    benchmark::ClobberMemory();
    plain_bytes += messages[at].size();
    compressed_bytes += out.size();
    if (++at == messages.size()) at = 0;
  }
  report(state, plain_bytes, compressed_bytes);
}

void deflate(benchmark::State& state, Context context) {
  Deflater deflater(kMaxWindowBits, {});
  measure(state, [&](std::span<const std::byte> message, ByteBuffer& out) {
    if (context == Context::forgotten) deflater.forget();
    deflater.compress(message, out);
  });
}

void deflate_fast(benchmark::State& state) {
  mote::proto::FastDeflater deflater;
  measure(state, [&](std::span<const std::byte> message, ByteBuffer& out) {
    deflater.compress(message, kMaxWindowBits, out);
  });
}

std::vector<std::vector<std::byte>> compressed(const std::vector<std::string>& messages, Context context) {
  Deflater deflater(kMaxWindowBits, {});
  std::vector<std::vector<std::byte>> result;
  for (const std::string& message : messages) {
    if (context == Context::forgotten) deflater.forget();
    ByteBuffer out;
    deflater.compress(bytes_of(message), out);
    result.emplace_back(out.bytes().begin(), out.bytes().end());
  }
  return result;
}

// After the last message the first one follows, which refers to none before it.
void inflate(benchmark::State& state, Context context) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const auto payloads = compressed(json_messages(size), context);
  Inflater inflater(kMaxWindowBits);
  ByteBuffer out;
  std::size_t compressed_bytes = 0;
  std::size_t plain_bytes = 0;
  std::size_t at = 0;
  for (auto _ : state) {
    if (context == Context::forgotten) inflater.forget();
    out.rewind();
    using enum mote::proto::Violation;
    if (inflater.inflate(payloads[at], size, out) != none || inflater.finish() != none || out.size() != size) {
      state.SkipWithError("not what was compressed");
      break;
    }
    benchmark::ClobberMemory();
    plain_bytes += size;
    compressed_bytes += payloads[at].size();
    if (++at == payloads.size()) at = 0;
  }
  report(state, plain_bytes, compressed_bytes);
}

void sizes(benchmark::internal::Benchmark* bench) { bench->Arg(1024)->Arg(16 * 1024); }

BENCHMARK(deflate_fast)->Name("deflate/no_takeover, ISA-L")->Apply(sizes);
BENCHMARK_CAPTURE(deflate, forgotten, Context::forgotten)->Name("deflate/no_takeover, zlib")->Apply(sizes);
BENCHMARK_CAPTURE(deflate, taken_over, Context::taken_over)->Name("deflate/takeover")->Apply(sizes);
BENCHMARK_CAPTURE(inflate, forgotten, Context::forgotten)->Name("inflate/no_takeover")->Apply(sizes);
BENCHMARK_CAPTURE(inflate, taken_over, Context::taken_over)->Name("inflate/takeover")->Apply(sizes);

}  // namespace

int main(int argc, char** argv) { return mote::bench::run(argc, argv); }
