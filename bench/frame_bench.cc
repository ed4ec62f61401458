// Frame headers read and written, in the three forms of the length (RFC 6455 §5.2), and whole frames written to a
// turn's batch, as an echo does, beside memcpy. Bytes per second are those of headers, and of whole frames.

#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "bench/cache_line_buffer.h"
#include "bench/host.h"
#include "core/unmask.h"
#include "net/output.h"
#include "net/transport.h"
#include "proto/frame.h"

namespace {

using mote::bench::CacheLineBuffer;
using mote::proto::FrameHeader;
using mote::proto::FrameRules;
using mote::proto::Opcode;
using mote::proto::Role;

// As many headers, each with a length and a key of its own: more of the form `mixed` than a branch predictor can learn.
constexpr std::size_t kHeaders = 16384;

enum Form : std::int64_t { seven_bits, sixteen_bits, sixty_four_bits, mixed };
constexpr std::array kFormNames = {"7 bits", "16 bits", "64 bits", "mixed"};

std::uint64_t length_of(std::int64_t form, std::mt19937& random) {
  switch (form) {
    case seven_bits:
      return random() % 126;
    case sixteen_bits:
      return 126 + random() % (65536 - 126);
    case sixty_four_bits:
      return 65536 + random() % (1 << 24);
    default:
      return length_of(static_cast<std::int64_t>(random() % 3), random);
  }
}

std::vector<std::uint64_t> lengths(std::int64_t form) {
  std::mt19937 random(1);  // the same in every run
  std::vector<std::uint64_t> result(kHeaders);
  for (std::uint64_t& length : result) length = length_of(form, random);
  return result;
}

struct Header {
  std::array<std::byte, 16> bytes;  // and what follows it
};

template <Role reader>
void parse(benchmark::State& state) {
  std::vector<Header> headers(kHeaders);
  std::size_t at = 0;
  std::uint64_t bytes = 0;
  for (const std::uint64_t length : lengths(state.range(0))) {
    std::byte* const to = headers[at++].bytes.data();
    const auto key = static_cast<std::uint32_t>(at * 2654435761U);
    bytes += reader == Role::server ? mote::proto::write_masked_frame_header(to, Opcode::binary, length, key)
                                    : mote::proto::write_frame_header(to, Opcode::binary, length);
  }
  FrameRules rules;
  FrameHeader header;
  at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(rules);
    const std::span<const std::byte> input = headers[at].bytes;
    const auto violation = mote::proto::parse_frame_header<reader>(input.data(), input.size(), rules, header);
    if (violation != mote::proto::Violation::none || header.size == 0) {
      state.SkipWithError("the header is not whole or not legal");
      break;
    }
    benchmark::DoNotOptimize(header);
    at = (at + 1) % kHeaders;
  }
  state.SetLabel(kFormNames.at(static_cast<std::size_t>(state.range(0))));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes) / std::int64_t{kHeaders});
}

template <class Write>
void write(benchmark::State& state, const Write& write_header) {
  const std::vector<std::uint64_t> all = lengths(state.range(0));
  std::vector<Header> headers(kHeaders);
  std::uint64_t bytes = 0;
  std::size_t at = 0;
  for (auto _ : state) {
    bytes += write_header(headers[at].bytes.data(), all[at]);
    benchmark::ClobberMemory();
    at = (at + 1) % kHeaders;
  }
  state.SetLabel(kFormNames.at(static_cast<std::size_t>(state.range(0))));
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

void write_server(benchmark::State& state) {
  write(state, [](std::byte* to, std::uint64_t length) {
    return mote::proto::write_frame_header(to, Opcode::binary, length);
  });
}

void write_client(benchmark::State& state) {
  std::uint32_t key = 0x1b2c3d4e;
  write(state, [&](std::byte* to, std::uint64_t length) {
    return mote::proto::write_masked_frame_header(to, Opcode::binary, length, ++key);
  });
}

constexpr std::size_t kReceivedBytes = 512 * 1024;
constexpr std::size_t kBatchBytes = 64 * 1024;

// Frames that lie in a receive buffer one behind the other, back out through a batch; what it holds is dropped before
// it would have to be sent, which the transport, without a socket, would answer with an error.
template <class Write>
void write_frames(benchmark::State& state, std::size_t frames_in_batch, const Write& write_frame) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const std::size_t step = size + mote::proto::kMaxHeaderBytes;
  CacheLineBuffer received(kReceivedBytes);
  mote::net::OutputBatch batch({received.data(), kReceivedBytes});
  mote::net::Transport transport;
  mote::net::Output output;
  std::size_t frames = 0;
  output.begin_batch(batch);
  for (auto _ : state) {
    if (frames == frames_in_batch) {
      batch.abandon(output);
      output.begin_batch(batch);
      frames = 0;
    }
    write_frame(output, batch, transport, {received.data() + frames * step, size});
    benchmark::ClobberMemory();
    ++frames;
  }
  batch.abandon(output);
  if (output.error() != 0) state.SkipWithError("the batch was sent");
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

std::size_t frames_that_fit(benchmark::State& state) {
  return kBatchBytes / (static_cast<std::size_t>(state.range(0)) + mote::proto::kMaxHeaderBytes);
}

// A payload from 4 KiB on is not copied at all: of those, few fill a batch.
void write_frames_server(benchmark::State& state) {
  const bool copied = state.range(0) < 4096;
  const std::size_t frames = copied ? frames_that_fit(state) : 3;
  state.SetLabel(copied ? "copied" : "not copied");
  write_frames(state, frames, [](auto& output, auto& batch, auto& transport, std::span<const std::byte> payload) {
    if (output.write_small(batch, Opcode::binary, payload)) return;
    benchmark::DoNotOptimize(output.write_frame(batch, transport, Opcode::binary, payload));
  });
}

void write_frames_client(benchmark::State& state) {
  std::uint32_t key = 0x1b2c3d4e;
  state.SetLabel(mote::core::chosen_unmask_kernel().name);
  write_frames(state, frames_that_fit(state),
               [&](auto& output, auto& batch, auto& transport, std::span<const std::byte> payload) {
                 benchmark::DoNotOptimize(output.write_masked_frame(batch, transport, Opcode::binary, payload,
                                                                    mote::proto::Coding::plain, ++key));
               });
}

void copy(benchmark::State& state) {
  auto size = static_cast<std::size_t>(state.range(0));
  const std::size_t frames = frames_that_fit(state);
  CacheLineBuffer received(kReceivedBytes);
  CacheLineBuffer target(kBatchBytes);
  std::size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(size);
    std::memcpy(target.data() + at * size, received.data() + at * size, size);
    benchmark::ClobberMemory();
    if (++at == frames) at = 0;
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void forms(benchmark::internal::Benchmark* bench) { bench->ArgName("length")->DenseRange(seven_bits, mixed); }

BENCHMARK(parse<Role::server>)->Name("parse_header/masked")->Apply(forms);
BENCHMARK(parse<Role::client>)->Name("parse_header/unmasked")->Apply(forms);
BENCHMARK(write_client)->Name("write_header/masked")->Apply(forms);
BENCHMARK(write_server)->Name("write_header/unmasked")->Apply(forms);
// What is masked is copied, and has to fit into the batch with its header.
BENCHMARK(write_frames_client)->Name("write_frame/masked")->Arg(20)->Arg(1024)->Arg(60 * 1024);
BENCHMARK(write_frames_server)->Name("write_frame/unmasked")->Arg(20)->Arg(1024)->Arg(64 * 1024);
BENCHMARK(copy)->Name("memcpy")->Arg(20)->Arg(1024)->Arg(60 * 1024);

}  // namespace

int main(int argc, char** argv) {
  benchmark::AddCustomContext("kernel", mote::core::chosen_unmask_kernel().name);
  return mote::bench::run(argc, argv);
}
