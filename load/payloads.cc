#include "load/payloads.h"

#include <algorithm>
#include <array>
#include <bit>
#include <random>

namespace mote::load {
namespace {

constexpr std::size_t kSetBytes = 256 * 1024;

using Random = std::mt19937_64;

std::size_t count_for(std::size_t size) {
  const std::size_t fitting = kSetBytes / std::max<std::size_t>(size, 1);
  return std::bit_floor(std::clamp<std::size_t>(fitting, 2, 1024));
}

template <std::size_t count>
std::string_view pick(const std::array<std::string_view, count>& from, Random& random) {
  return from[random() % count];
}

void append_ascii(std::string& to, std::size_t size, Random& random) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .";
  while (size-- != 0) to += letters[random() % letters.size()];
}

/// Characters of one to four bytes; where none of those fits any more, of one.
void append_utf8(std::string& to, std::size_t size, Random& random) {
  constexpr std::array<std::string_view, 8> characters = {"a", "e", "ä", "ß", "€", "水", "𝄞", "😀"};
  const std::size_t end = to.size() + size;
  while (to.size() < end) {
    const std::string_view next = pick(characters, random);
    to += next.size() <= end - to.size() ? next : "x";
  }
}

/// Objects like those of a feed of events, the last one cut.
void append_json(std::string& to, std::size_t size, Random& random) {
  constexpr std::array<std::string_view, 4> names = {"temperature", "pressure", "humidity", "wind_speed"};
  const std::size_t end = to.size() + size;
  to += '[';
  while (to.size() < end) {
    to.append(R"({"sensor":")").append(pick(names, random)).append(R"(","station":)");
    to.append(std::to_string(random() % 1000)).append(R"(,"value":)").append(std::to_string(random() % 100'000));
    to.append(R"(,"unit":"SI","valid":true},)");
  }
  to.resize(end);
}

void append_random(std::string& to, std::size_t size, Random& random) {
  while (size-- != 0) to += static_cast<char>(random() & 0xFF);
}

void append(std::string& to, Fill fill, std::size_t size, Random& random) {
  switch (fill) {
    case Fill::ascii:
      return append_ascii(to, size, random);
    case Fill::utf8:
      return append_utf8(to, size, random);
    case Fill::json:
      return append_json(to, size, random);
    case Fill::random:
      return append_random(to, size, random);
  }
}

}  // namespace

Payloads::Payloads(const Options& options) : size_(options.payload_bytes), count_(count_for(size_)) {
  Random random(options.seed);
  all_.reserve(count_ * size_ + 128);
  for (std::size_t i = 0; i < count_; ++i) append(all_, options.fill, size_, random);
  if (!options.deflate) return;
  for (std::size_t i = 0; i < count_; ++i) {
    if (options.text) {
      prepared_.emplace_back(text(i), Compress::always);
    } else {
      prepared_.emplace_back(bytes(i), Compress::always);
    }
  }
}

}  // namespace mote::load
