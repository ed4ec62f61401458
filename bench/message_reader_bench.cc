// Frames to messages without sockets, as a server reads them. Each read is copied into a receive buffer first, since
// unmasking changes it, and since a socket would do the same; `memcpy` is what of each figure is that copy.
//
//     whole      as many messages as go, up to 64, in one read, each in a frame of its own
//     fragments  the same, each message in four frames
//     split      whole frames, in reads of 1,500 bytes
//
// Bytes are those on the wire; `each` is the time of one message.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/cache_line_buffer.h"
#include "bench/host.h"
#include "bench/texts.h"
#include "core/block_cache.h"
#include "core/unmask.h"
#include "core/utf8.h"
#include "proto/frame.h"
#include "proto/message_reader.h"

namespace {

using mote::bench::CacheLineBuffer;
using mote::proto::Opcode;
using mote::proto::Role;
using mote::proto::Violation;

constexpr std::size_t kReceiveBytes = 512 * 1024;  // as a reactor's
constexpr std::size_t kMostMessages = 64;

struct Shape {
  std::string_view name;
  std::size_t fragments = 1;
  std::size_t read_bytes = kReceiveBytes;
};

struct Kind {
  std::string_view name;
  Opcode opcode;
  std::string_view text;
};

struct Stream {
  std::vector<std::byte> bytes;
  std::size_t messages = 0;
};

// Appends a frame of a client.
void append_frame(std::vector<std::byte>& out, Opcode opcode, bool final, std::span<const std::byte> payload,
                  std::uint32_t key) {
  const std::size_t begin = out.size();
  out.resize(begin + mote::proto::kMaxHeaderBytes + payload.size());
  std::byte* const to = out.data() + begin;
  const std::size_t header = mote::proto::write_masked_frame_header(to, opcode, payload.size(), key);
  if (!final) to[0] &= std::byte{0x7F};
  mote::core::unmask_copy(to + header, payload.data(), payload.size(), key);
  out.resize(begin + header + payload.size());
}

void append_message(std::vector<std::byte>& out, Opcode opcode, std::span<const std::byte> payload,
                    std::size_t fragments, std::mt19937& random) {
  for (std::size_t i = 0; i < fragments; ++i) {
    const std::size_t begin = payload.size() * i / fragments;
    const std::size_t end = payload.size() * (i + 1) / fragments;
    append_frame(out, i == 0 ? opcode : Opcode::continuation, i + 1 == fragments, payload.subspan(begin, end - begin),
                 static_cast<std::uint32_t>(random()));
  }
}

// What fits into one read.
Stream make_stream(const Kind& kind, const Shape& shape, std::size_t size) {
  std::mt19937 random(1);  // the same in every run
  const std::string text = mote::bench::repeated(kind.text, size);
  Stream stream;
  const std::size_t most = size + shape.fragments * mote::proto::kMaxHeaderBytes;
  while (stream.messages < kMostMessages && stream.bytes.size() + most <= kReceiveBytes) {
    append_message(stream.bytes, kind.opcode, std::as_bytes(std::span(text)), shape.fragments, random);
    ++stream.messages;
  }
  return stream;
}

struct Sink {
  std::int64_t messages = 0;

  bool on_data(Opcode, std::span<std::byte> bytes) {
    benchmark::DoNotOptimize(bytes.data());
    ++messages;
    return true;
  }
  bool on_control(Opcode, std::span<std::byte>) { return true; }
  bool on_close_frame(const mote::proto::ClosePayload&) { return true; }
};

void report(benchmark::State& state, const Stream& stream) {
  const auto messages = static_cast<std::int64_t>(stream.messages);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(stream.bytes.size()));
  state.SetItemsProcessed(state.iterations() * messages);
  using Counter = benchmark::Counter;
  state.counters["each"] =
      Counter(static_cast<double>(messages), Counter::kIsIterationInvariantRate | Counter::kInvert);
}

// One read as a session makes it: straight into the message, where the reader offers that.
Violation receive(mote::proto::MessageReader& reader, std::span<const std::byte>& left, std::size_t read_bytes,
                  std::byte* buffer, const mote::proto::MessageRules& rules, Sink& sink) {
  const std::span<std::byte> direct = reader.direct_room();
  std::size_t size = std::min(left.size(), read_bytes);
  if (!direct.empty()) size = std::min(size, direct.size());
  const auto from = left.first(size);
  left = left.subspan(size);
  if (!direct.empty()) {
    std::memcpy(direct.data(), from.data(), size);
    return reader.commit_direct(size, rules, sink);
  }
  std::memcpy(buffer, from.data(), size);
  return reader.read<Role::server>({buffer, size}, rules, sink).violation;
}

void read(benchmark::State& state, const Kind& kind, const Shape& shape) {
  const Stream stream = make_stream(kind, shape, static_cast<std::size_t>(state.range(0)));
  CacheLineBuffer buffer(kReceiveBytes);
  mote::core::BlockCache blocks;
  const mote::proto::MessageRules rules{.message_bytes = 1 << 20, .fragments = 1024, .blocks = &blocks};
  mote::proto::MessageReader reader;
  Sink sink;
  auto violation = Violation::none;
  for (auto _ : state) {
    std::span<const std::byte> left = stream.bytes;
    while (!left.empty() && violation == Violation::none) {
      violation = receive(reader, left, shape.read_bytes, buffer.data(), rules, sink);
    }
    benchmark::ClobberMemory();
  }
  if (sink.messages != state.iterations() * static_cast<std::int64_t>(stream.messages)) {
    state.SkipWithError("messages were lost");
  }
  report(state, stream);
}

void copy(benchmark::State& state, const Kind& kind, const Shape& shape) {
  const Stream stream = make_stream(kind, shape, static_cast<std::size_t>(state.range(0)));
  CacheLineBuffer buffer(kReceiveBytes);
  for (auto _ : state) {
    for (std::size_t at = 0; at < stream.bytes.size(); at += shape.read_bytes) {
      std::memcpy(buffer.data(), stream.bytes.data() + at, std::min(shape.read_bytes, stream.bytes.size() - at));
      benchmark::ClobberMemory();
    }
  }
  report(state, stream);
}

void register_all() {
  const auto add = [](std::string_view what, std::string_view shape, const auto& body) {
    benchmark::RegisterBenchmark(std::string(what).append("/").append(shape).c_str(), body)
        ->Arg(20)
        ->Arg(1024)
        ->Arg(64 * 1024);
  };
  static constexpr Kind kinds[] = {{"binary", Opcode::binary, mote::bench::kAsciiText},
                                   {"ascii", Opcode::text, mote::bench::kAsciiText},
                                   {"mixed", Opcode::text, mote::bench::kMixedText}};
  for (const Shape& shape : {Shape{.name = "whole"}, Shape{.name = "fragments", .fragments = 4},
                             Shape{.name = "split", .read_bytes = 1500}}) {
    for (const Kind& kind : kinds) {
      add(kind.name, shape.name, [&kind, shape](benchmark::State& state) { read(state, kind, shape); });
    }
    add("memcpy", shape.name, [shape](benchmark::State& state) { copy(state, kinds[0], shape); });
  }
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::AddCustomContext("unmask kernel", mote::core::chosen_unmask_kernel().name);
  benchmark::AddCustomContext("UTF-8 kernel", mote::core::chosen_utf8_kernel().name);
  register_all();
  return mote::bench::run(argc, argv);
}
