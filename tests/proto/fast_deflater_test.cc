#include "proto/fast_deflater.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "proto/deflater.h"
#include "tests/support/deflate.h"
#include "tests/support/feed.h"

namespace mote::proto {
namespace {

using namespace std::string_literals;
using namespace mote::test;

constexpr std::uint32_t kSeed = 20261128;

std::string compressed(FastDeflater& deflater, std::string_view message, int window_bits = 15) {
  const ExactBlock block(message);
  core::ByteBuffer out;
  deflater.compress(std::as_bytes(std::span(block.view())), window_bits, out);
  return {reinterpret_cast<const char*>(out.bytes().data()), out.size()};
}

std::string noise(std::mt19937& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

/// As messages in JSON: names that come again, numbers that do not.
std::string json(std::mt19937& random, std::size_t size) {
  std::string text;
  while (text.size() < size) {
    text += "{\"id\":" + std::to_string(random() % 1'000'000) + ",\"price\":" + std::to_string(random() % 1000) +
            ",\"active\":" + (random() % 2 == 0 ? "true" : "false") + ",\"symbol\":\"MOTE\"},";
  }
  text.resize(size);
  return text;
}

TEST(FastDeflater, AnEmptyMessageIsOneZeroByte) {  // RFC 7692 §7.2.3.6
  FastDeflater deflater;
  EXPECT_EQ(compressed(deflater, ""), "\0"s);
  EXPECT_NE(compressed(deflater, "Hello"), "\0"s);
  EXPECT_EQ(compressed(deflater, ""), "\0"s);
}

TEST(FastDeflater, EachMessageStandsAlone) {  // RFC 7692 §7.1.1.1
  std::mt19937 random(kSeed);
  FastDeflater deflater;
  const std::string text = json(random, 5000);
  const std::string first = compressed(deflater, text);
  EXPECT_EQ(compressed(deflater, text), first);
  PeerInflater peer;
  EXPECT_EQ(peer.message(first), text);
}

// Every small size, and those about a piece, of what shrinks and of what does not.
TEST(FastDeflater, APeerReadsEverySize) {  // RFC 7692 §7.2.1
  std::mt19937 random(kSeed);
  FastDeflater deflater;
  std::vector<std::size_t> sizes;
  for (std::size_t size = 0; size <= 1100; ++size) sizes.push_back(size);
  for (const std::size_t about : {4096U, 32'768U, 65'536U, 131'072U, 196'608U}) {
    for (std::size_t size = about - 3; size <= about + 3; ++size) sizes.push_back(size);
  }
  sizes.push_back(3'000'000);
  for (const std::size_t size : sizes) {
    for (const std::string& text : {json(random, size), noise(random, size), std::string(size, 'x')}) {
      const std::string payload = compressed(deflater, text);
      PeerInflater peer;
      ASSERT_EQ(peer.message(payload), text) << size;
      ASSERT_LE(payload.size(), text.size() + text.size() / 8 + 64);
    }
  }
}

TEST(FastDeflater, APeerWithThatWindowReadsIt) {  // RFC 7692 §7.1.2.1
  std::mt19937 random(kSeed);
  FastDeflater deflater;
  for (int window_bits = 8; window_bits <= 15; ++window_bits) {
    for (const std::size_t size : {0U, 1U, 100U, 700U, 40'000U, 3U, 100'000U, 300'000U}) {
      PeerInflater peer(window_bits);
      const std::string text = json(random, size);
      ASSERT_EQ(peer.message(compressed(deflater, text, window_bits)), text) << window_bits << ' ' << size;
    }
  }
}

TEST(FastDeflater, TheCheckOfWindowsFindsOneThatIsTooLarge) {
  std::mt19937 random(kSeed);
  FastDeflater deflater;
  PeerInflater peer(8);
  const std::string far = noise(random, 2000);
  EXPECT_THROW(static_cast<void>(peer.message(compressed(deflater, far + far, 15))), std::runtime_error);
}

TEST(FastDeflater, IsNoLargerThanTheFastestOfZlib) {
  std::mt19937 random(kSeed);
  FastDeflater deflater;
  std::size_t fast = 0;
  std::size_t zlib = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string text = json(random, 1024);
    fast += compressed(deflater, text).size();
    Deflater other(15, {.level = 1});
    core::ByteBuffer out;
    other.compress(std::as_bytes(std::span(text)), out);
    zlib += out.size();
  }
  EXPECT_LE(fast, zlib);
}

TEST(FastDeflater, AppendsToWhatIsThere) {
  FastDeflater deflater;
  core::ByteBuffer out;
  const std::string before = "before";
  out.append(std::as_bytes(std::span(before)));
  deflater.compress({}, 15, out);
  EXPECT_EQ(out.size(), before.size() + 1);
}

}  // namespace
}  // namespace mote::proto
