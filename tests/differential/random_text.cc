#include "tests/differential/random_text.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace mote::differential {
namespace {

using namespace std::string_view_literals;

// First and last of each row of the table in RFC 3629 §4, and what is special in Unicode.
constexpr std::array<std::uint32_t, 24> kCodePoints = {
    0x00,   0x41,   0x7F,   0x80,   0xA2,   0x7FF,  0x800,   0xFFF,   0x1000,  0x20AC,  0xCFFF,   0xD000,
    0xD7FF, 0xE000, 0xFEFF, 0xFFFD, 0xFFFE, 0xFFFF, 0x10000, 0x3FFFF, 0x40000, 0xFFFFF, 0x100000, 0x10FFFF};

constexpr std::array kForbidden = {"\x80"sv,         "\xBF"sv,         "\xC0\x80"sv,         "\xC1\xBF"sv,
                                   "\xC2\x41"sv,     "\xE0\x80\x80"sv, "\xE0\x9F\xBF"sv,     "\xED\xA0\x80"sv,
                                   "\xED\xBF\xBF"sv, "\xE2\x82\x28"sv, "\xF0\x80\x80\x80"sv, "\xF0\x8F\xBF\xBF"sv,
                                   "\xF4\x90"sv,     "\xF5\x80"sv,     "\xF8\x88\x80\x80"sv, "\xFE"sv,
                                   "\xFF"sv,         "\xEF\xBF"sv,     "\xF0\x9F\x98"sv,     "\xC3"sv};

// As the pattern of RFC 3629 §3 says, for any value of up to 21 bits.
void append_encoded(std::string& out, std::uint32_t code_point) {
  const auto continuation = [&](unsigned shift) { out += static_cast<char>(0x80 | (code_point >> shift & 0x3F)); };
  if (code_point < 0x80) {
    out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    out += static_cast<char>(0xC0 | code_point >> 6);
    continuation(0);
  } else if (code_point < 0x10000) {
    out += static_cast<char>(0xE0 | code_point >> 12);
    continuation(6);
    continuation(0);
  } else {
    out += static_cast<char>(0xF0 | code_point >> 18);
    continuation(12);
    continuation(6);
    continuation(0);
  }
}

std::string random_characters(Random& random, std::size_t bytes) {
  const bool ascii = random.one_in(3);
  std::string text;
  while (text.size() < std::min<std::size_t>(bytes, 200)) {
    if (ascii || random.one_in(3)) {
      text += static_cast<char>(random.below(0x80));
    } else {
      append_encoded(text, random.pick(kCodePoints));
    }
  }
  const std::string piece = text;
  while (text.size() < bytes) text += piece;
  return text;
}

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// The number of bytes that a first byte announces; 0 for one that begins nothing.
std::size_t announced_by(unsigned char first) {
  if (first < 0x80) return 1;
  return first >= 0xF8 ? 0 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 0;
}

}  // namespace

std::string random_text(Random& random, std::size_t bytes) {
  std::string text = random_characters(random, bytes);
  if (text.size() > bytes) {
    std::size_t end = bytes;
    const bool inside_a_character = random.one_in(32);
    while (!inside_a_character && end > 0 && continues(text[end])) --end;
    text.resize(end);
  }
  if (random.one_in(24)) text.insert(random.below(text.size() + 1), random.pick(kForbidden));
  return text;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text.front());
    if (first < 0x80) {
      text.remove_prefix(1);
      continue;
    }
    const std::size_t size = announced_by(first);
    if (size == 0 || size > text.size()) return false;
    std::uint32_t code_point = first & (0x7FU >> size);
    for (std::size_t i = 1; i < size; ++i) code_point = code_point << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
    // Encoded again it is the same bytes only where they were in the shortest form and continued as they must.
    std::string again;
    append_encoded(again, code_point);
    if (again != text.substr(0, size)) return false;
    if ((code_point >= 0xD800 && code_point <= 0xDFFF) || code_point > 0x10FFFF) return false;
    text.remove_prefix(size);
  }
  return true;
}

bool begins_utf8(std::string_view text) {
  std::size_t last = text.size();
  while (last > 0 && text.size() - last < 3 && continues(text[last - 1])) --last;
  // The last character: whole, or one of its endings makes it so.
  if (last > 0 && !is_utf8(text.substr(0, last - 1))) return false;
  const std::string character(text.substr(last == 0 ? 0 : last - 1));
  static constexpr std::array kEndings = {""sv,         "\x80"sv,     "\x90"sv,         "\xA0"sv,        "\x80\x80"sv,
                                          "\x90\x80"sv, "\xA0\x80"sv, "\x80\x80\x80"sv, "\x90\x80\x80"sv};
  return std::any_of(kEndings.begin(), kEndings.end(),
                     [&](std::string_view ending) { return is_utf8(character + std::string(ending)); });
}

}  // namespace mote::differential
