#include "proto/deflater.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "tests/support/deflate.h"
#include "tests/support/feed.h"

namespace mote::proto {
namespace {

using namespace std::string_literals;
using namespace mote::test;

constexpr std::uint32_t kSeed = 20261124;

std::string compressed(Deflater& deflater, std::string_view message) {
  const ExactBlock block(message);
  core::ByteBuffer out;
  deflater.compress(std::as_bytes(std::span(block.view())), out);
  return {reinterpret_cast<const char*>(out.bytes().data()), out.size()};
}

// Repeats itself at every distance.
std::string some_text(std::mt19937& random, std::size_t size) {
  std::string text;
  while (text.size() < size) {
    const std::size_t from = text.empty() ? 0 : random() % text.size();
    text += random() % 3 == 0 || text.empty() ? std::to_string(random()) : text.substr(from, 3 + random() % 60);
  }
  text.resize(size);
  return text;
}

TEST(Deflater, CutsOffTheTail) {  // RFC 7692 §7.2.1, §7.2.3.1; checklist 104
  Deflater deflater(15, {.level = 6});
  EXPECT_EQ(compressed(deflater, "Hello"), "\xF2\x48\xCD\xC9\xC9\x07\x00"s);
  EXPECT_EQ(compressed(deflater, "Hello"), "\xF2\x00\x11\x00\x00"s) << "refers to the first";
}

TEST(Deflater, ForgetsWhatTheNextMessageMustNotReferTo) {  // RFC 7692 §7.1.1.1, checklist 100
  Deflater deflater(15, {.level = 6});
  const std::string first = compressed(deflater, "Hello");
  deflater.forget();
  EXPECT_EQ(compressed(deflater, "Hello"), first);
}

TEST(Deflater, AnEmptyMessageIsOneZeroByte) {  // RFC 7692 §7.2.3.6, checklist 106
  Deflater deflater(15, {});
  EXPECT_EQ(compressed(deflater, ""), "\0"s);
  EXPECT_EQ(compressed(deflater, ""), "\0"s) << "though zlib writes nothing for a second flush";
  EXPECT_NE(compressed(deflater, "Hello"), "\0"s);
  EXPECT_EQ(compressed(deflater, ""), "\0"s);
}

TEST(Deflater, APeerWithThatWindowReadsIt) {  // RFC 7692 §7.1.2.1, checklist 104; attack 15
  std::mt19937 random(kSeed);
  for (int window_bits = 8; window_bits <= 15; ++window_bits) {
    for (const int level : {1, 6, 9}) {
      Deflater deflater(window_bits, {.level = level, .memory_level = 1 + static_cast<int>(random() % 9)});
      PeerInflater peer(window_bits);
      for (const std::size_t size : {0U, 1U, 100U, 700U, 40'000U, 3U, 100'000U, 5000U}) {
        const std::string text = some_text(random, size);
        const std::string payload = compressed(deflater, text);
        ASSERT_EQ(peer.message(payload), text) << window_bits << ' ' << level << ' ' << size;
        ASSERT_LE(payload.size(), text.size() + text.size() / 8 + 64);
      }
    }
  }
}

TEST(Deflater, TheCheckOfWindowsFindsOneThatIsTooLarge) {
  std::mt19937 random(kSeed);
  Deflater deflater(10, {.level = 9});
  PeerInflater peer(8);
  EXPECT_THROW(static_cast<void>(peer.message(compressed(deflater, some_text(random, 40'000)))), std::runtime_error);
}

TEST(Deflater, AppendsToWhatIsThere) {
  Deflater deflater(15, {});
  core::ByteBuffer out;
  const std::string before = "before";
  out.append(std::as_bytes(std::span(before)));
  deflater.compress({}, out);
  EXPECT_EQ(out.size(), before.size() + 1);
}

TEST(Deflater, TakesMessagesThatOutgrowEveryGuess) {
  std::mt19937 random(kSeed);
  std::string noise(3'000'000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  Deflater deflater(15, {});
  PeerInflater peer;
  EXPECT_EQ(peer.message(compressed(deflater, noise)), noise);
}

}  // namespace
}  // namespace mote::proto
