// Messages that mote compresses, with zlib and with ISA-L: its own inflater and one written with zlib alone give back
// the same bytes, with the window that was agreed on, and with and without what went before.

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "proto/deflater.h"
#include "proto/fast_deflater.h"
#include "proto/inflater.h"
#include "tests/fuzz/input.h"
#include "tests/support/deflate.h"

namespace {

using namespace mote::fuzz;
using mote::core::ByteBuffer;
using mote::proto::Deflater;
using mote::proto::FastDeflater;
using mote::proto::Inflater;
using mote::proto::Violation;

constexpr std::size_t kMostBytes = 100'000;

/// Those who compress and decompress with one window; kept, as they take long to make.
struct Ends {
  explicit Ends(int bits, int level)
      : deflater(bits, {.level = level, .memory_level = bits > 11 ? 5 : 3}), inflater(bits), peer(bits) {}

  void forget() {
    deflater.forget();
    inflater.forget();
    peer.forget();
  }

  Deflater deflater;
  Inflater inflater;
  mote::test::PeerInflater peer;
};

Ends& ends_for(int bits, int level) {
  static std::array<std::array<std::unique_ptr<Ends>, 10>, 16> all;
  auto& ends = all[static_cast<std::size_t>(bits)][static_cast<std::size_t>(level)];
  if (ends == nullptr) ends = std::make_unique<Ends>(bits, level);
  return *ends;
}

void check_payload(Ends& ends, const ByteBuffer& payload, std::string_view message) {
  ByteBuffer out;
  check(ends.inflater.inflate(payload.bytes(), kMostBytes, out) == Violation::none);
  check(ends.inflater.finish() == Violation::none);
  check(text_of(out.bytes()) == message);
  check(ends.peer.message(text_of(payload.bytes())) == message);
}

// Fuzzers seldom write what does not fit a window: each round doubles it, with another byte at its end.
std::string message_from(Input& input) {
  const std::uint8_t choice = input.octet();
  std::string message(input.take(choice % 64U));
  const unsigned rounds = choice >= 192 ? 9 : choice >= 128 ? 3 : 0;
  for (unsigned i = 0; i < rounds; ++i) {
    message += message;
    message += static_cast<char>('a' + i);
  }
  return message;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static FastDeflater fast;
  Input input(data, size);
  const std::uint8_t choice = input.octet();
  const int bits = 8 + choice % 8;
  const bool takeover = (choice & 8) != 0;
  const bool quick = (choice & 16) != 0;
  Ends& ends = ends_for(bits, 1 + choice / 32);
  ends.forget();
  for (int count = 0; count < 8 && !input.empty(); ++count) {
    const std::string message = message_from(input);
    ByteBuffer payload;
    if (quick) {
      fast.compress(bytes_of(message), bits, payload);
    } else {
      ends.deflater.compress(bytes_of(message), payload);
    }
    check_payload(ends, payload, message);
    if (quick || !takeover) ends.forget();
  }
  return 0;
}
