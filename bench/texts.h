#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <string_view>

namespace mote::bench {

inline constexpr std::string_view kAsciiText = "The quick brown fox jumps over the lazy dog; 0123456789. ";
inline constexpr std::string_view kMixedText =
    "Grüße aus Köln, déjà vu. Καλημέρα κόσμε! こんにちは、カタカナ。漢字と仮名 😀🚀 été ";

// `size` bytes of `text` over and over. The last sequence, where it does not fit, gives way to full stops.
inline std::string repeated(std::string_view text, std::size_t size) {
  std::string result;
  while (result.size() < size) result += text;
  const auto is_continuation = [&](std::size_t at) { return (static_cast<unsigned char>(result[at]) & 0xC0) == 0x80; };
  std::size_t whole = size;
  while (is_continuation(whole % result.size())) --whole;
  result.resize(whole);
  result.resize(size, '.');
  return result;
}

// `size` bytes of a feed in JSON: the same keys again and again, other numbers each time.
inline std::string json_text(std::size_t size, std::mt19937& random) {
  std::string result = "[";
  while (result.size() < size) {
    const std::string_view side = random() % 2 == 0 ? "buy" : "sell";
    result.append(R"({"symbol":")").append(1, static_cast<char>('A' + random() % 26)).append(R"(XR","price":)");
    result.append(std::to_string(random() % 100'000)).append(".").append(std::to_string(random() % 100));
    result.append(R"(,"volume":)").append(std::to_string(random() % 10'000));
    result.append(R"(,"time":)").append(std::to_string(1'700'000'000'000 + random()));
    result.append(R"(,"side":")").append(side).append(R"("},)");
  }
  result.resize(size);
  return result;
}

}  // namespace mote::bench
