#include "load/payloads.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <set>
#include <string>

#include "core/utf8.h"

namespace mote::load {
namespace {

Options options(Fill fill, std::size_t bytes) {
  Options result;
  result.fill = fill;
  result.text = fill != Fill::random;
  result.payload_bytes = bytes;
  return result;
}

TEST(Payloads, AreOfTheSizeAskedForAndTextsAreUtf8) {
  for (const Fill fill : {Fill::ascii, Fill::utf8, Fill::json, Fill::random}) {
    for (const std::size_t bytes : {0U, 1U, 2U, 3U, 4U, 5U, 20U, 1000U, 65'537U}) {
      const Payloads payloads(options(fill, bytes));
      ASSERT_GE(payloads.count(), 2U);
      for (std::size_t i = 0; i < payloads.count(); ++i) {
        ASSERT_EQ(payloads.text(i).size(), bytes) << name_of(fill);
        const auto view = payloads.bytes(i);
        ASSERT_TRUE(fill == Fill::random || core::utf8_valid(view.data(), view.size())) << name_of(fill);
      }
    }
  }
}

TEST(Payloads, DifferSoThatAMixUpShows) {
  const Payloads payloads(options(Fill::ascii, 20));
  std::set<std::string> different;
  for (std::size_t i = 0; i < payloads.count(); ++i) different.emplace(payloads.text(i));
  EXPECT_EQ(different.size(), payloads.count());
  EXPECT_TRUE(payloads.equals(3, payloads.bytes(3)));
  EXPECT_FALSE(payloads.equals(3, payloads.bytes(4)));
  EXPECT_FALSE(payloads.equals(3, payloads.bytes(3).first(19)));
}

TEST(Payloads, ComeRoundAndRound) {
  const Payloads payloads(options(Fill::ascii, 20));
  EXPECT_EQ(payloads.text(payloads.count() + 5), payloads.text(5));
  EXPECT_EQ(payloads.text(~std::uint64_t{0}), payloads.text(payloads.count() - 1));
}

TEST(Payloads, AreTheSameForASeed) {
  Options seeded = options(Fill::random, 100);
  const Payloads one(seeded);
  const Payloads same(seeded);
  seeded.seed = 2;
  const Payloads other(seeded);
  EXPECT_EQ(one.text(7), same.text(7));
  EXPECT_NE(one.text(7), other.text(7));
}

TEST(Payloads, Utf8HasCharactersOfEachLength) {
  const std::string all(Payloads(options(Fill::utf8, 1000)).text(0));
  for (const std::string_view character : {"a", "ä", "€", "😀"}) {
    EXPECT_NE(all.find(character), std::string::npos) << character;
  }
}

}  // namespace
}  // namespace mote::load
