#include "proto/base64.h"

#include <gtest/gtest.h>

#include <openssl/evp.h>

#include <cstddef>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mote::proto {
namespace {

constexpr std::uint32_t kSeed = 20261125;

std::string encoded(std::string_view text) { return base64(std::as_bytes(std::span(text))); }

TEST(Base64, EncodesTheVectorsOfTheRfc) {  // RFC 4648 §10
  EXPECT_EQ(encoded(""), "");
  EXPECT_EQ(encoded("f"), "Zg==");
  EXPECT_EQ(encoded("fo"), "Zm8=");
  EXPECT_EQ(encoded("foo"), "Zm9v");
  EXPECT_EQ(encoded("foob"), "Zm9vYg==");
  EXPECT_EQ(encoded("fooba"), "Zm9vYmE=");
  EXPECT_EQ(encoded("foobar"), "Zm9vYmFy");
}

TEST(Base64, EncodesAsOpensslDoes) {
  std::mt19937 random(kSeed);
  for (std::size_t size = 0; size < 300; ++size) {
    std::vector<unsigned char> bytes(size);
    for (auto& byte : bytes) byte = static_cast<unsigned char>(random());
    std::vector<unsigned char> expected(base64_size(size) + 1);
    EVP_EncodeBlock(expected.data(), bytes.data(), static_cast<int>(size));
    EXPECT_EQ(base64(std::as_bytes(std::span(bytes))), reinterpret_cast<const char*>(expected.data()))
        << "seed " << kSeed << " size " << size;
  }
}

}  // namespace
}  // namespace mote::proto
