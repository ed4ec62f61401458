#include "tests/conformance/samples.h"

#include <array>
#include <random>
#include <utility>

namespace mote::conformance {
namespace {

// Each a little over what the largest message takes, and no multiple of a message's size.
constexpr std::size_t kRecordsSize = 194'057;
constexpr std::size_t kPictureSize = 263'221;
constexpr std::size_t kProseSize = 222'217;
constexpr std::size_t kPageSize = 263'647;
constexpr std::size_t kDocumentSize = 1'042'331;

using Random = std::mt19937;

std::size_t below(Random& random, std::size_t end) { return random() % end; }

/// Rare for large numbers, as words of a language are.
std::size_t seldom_large(Random& random, std::size_t end) { return below(random, below(random, end) + 1); }

std::vector<std::string> words(Random& random) {
  constexpr std::array<std::string_view, 24> syllables = {"an", "ber", "che", "den",  "er",  "fel", "gen", "hei",
                                                          "in", "ja",  "ken", "lich", "mut", "na",  "ohn", "per",
                                                          "ru", "sch", "ten", "un",   "ver", "wel", "zu",  "stra"};
  std::vector<std::string> all;
  for (std::size_t i = 0; i < 2000; ++i) {
    std::string word;
    for (std::size_t n = 1 + below(random, 4); n > 0; --n) word += syllables.at(below(random, syllables.size()));
    all.push_back(std::move(word));
  }
  return all;
}

std::string sentence(Random& random, const std::vector<std::string>& vocabulary) {
  std::string line;
  for (std::size_t n = 4 + below(random, 12); n > 0; --n) {
    if (!line.empty()) line += ' ';
    line += vocabulary[seldom_large(random, vocabulary.size())];
  }
  return line;
}

std::string records() {
  Random random(1);
  const auto vocabulary = words(random);
  std::string json = "[";
  for (std::size_t i = 0; json.size() < kRecordsSize; ++i) {
    json += "\n  {\"id\": " + std::to_string(i) + ", \"name\": \"" +
            vocabulary[seldom_large(random, vocabulary.size())] +
            "\", \"passed\": " + (below(random, 8) != 0 ? "true" : "false") +
            ", \"duration_ms\": " + std::to_string(seldom_large(random, 5000)) + ", \"code\": 1000, \"note\": null},";
  }
  json.resize(kRecordsSize - 1);
  return json + ']';
}

std::string picture() {
  Random random(2);
  std::string pixels;
  for (std::size_t i = 0; pixels.size() < kPictureSize; ++i) {
    const std::size_t x = i % 512;
    const std::size_t y = i / 512;
    pixels += static_cast<char>((x / 3 + y / 2 + (x * y) / 4096 + below(random, 2)) & 0xFF);
  }
  return pixels;
}

std::string prose() {
  Random random(3);
  const auto vocabulary = words(random);
  std::string lines;
  while (lines.size() < kProseSize)
    lines += sentence(random, vocabulary) + (below(random, 5) == 0 ? ".\r\n\r\n" : ",\r\n");
  lines.resize(kProseSize);
  return lines;
}

std::string page() {
  Random random(4);
  const auto vocabulary = words(random);
  constexpr std::array<std::string_view, 5> foreign = {"\u00FC", "\u20AC", "\u03BA\u1F79\u03C3\u03BC\u03B5",
                                                       "\u4E2D\u6587", "\U0001F600"};
  std::string html = "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"></head><body>\n";
  while (html.size() < kPageSize) {
    const std::string row_class = below(random, 2) != 0 ? "even" : "odd";
    html += "<tr class=\"" + row_class + "\"><td class=\"name\">" + sentence(random, vocabulary) + "</td><td>";
    html += std::string(foreign.at(below(random, foreign.size()))) + ' ' + std::to_string(below(random, 10'000)) +
            "</td></tr>\n";
  }
  return html + "</body></html>\n";
}

std::string document() {
  Random random(5);
  const auto vocabulary = words(random);
  std::string parts;
  for (std::size_t i = 1; parts.size() < kDocumentSize; ++i) {
    parts += std::to_string(i) + " 0 obj << /Type /Stream /Title (" + sentence(random, vocabulary) + ") >> stream\n";
    for (std::size_t n = 2000 + below(random, 9000); n > 0; --n) parts += static_cast<char>(random() & 0xFF);
    parts += "\nendstream endobj\n";
  }
  parts.resize(kDocumentSize);
  return parts;
}

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

}  // namespace

Sample::Sample(std::string_view name, unsigned opcode, std::string bytes, bool compressible)
    : name_(name), opcode_(opcode), bytes_(std::move(bytes)), compressible_(compressible) {
  if (opcode_ != kText) return;
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    if (begins_character(bytes_[i])) starts_.push_back(i);
  }
  starts_.push_back(bytes_.size());
}

std::string_view Sample::piece(std::size_t begin, std::size_t end) const {
  if (opcode_ == kText) {
    begin = starts_[begin];
    end = starts_[end];
  }
  return std::string_view(bytes_).substr(begin, end - begin);
}

Frame Sample::message(std::size_t begin, std::size_t count) const {
  begin %= size();
  Frame frame{opcode_};
  while (count > 0) {
    const std::size_t end = std::min(begin + count, size());
    frame.payload += piece(begin, end);
    count -= end - begin;
    begin = 0;
  }
  return frame;
}

const std::vector<Sample>& samples() {
  static const std::vector<Sample> all = {{"records in JSON", kText, records()},
                                          {"a picture", kBinary, picture()},
                                          {"prose", kBinary, prose()},
                                          {"a web page", kText, page()},
                                          {"a document", kBinary, document(), false}};
  return all;
}

}  // namespace mote::conformance
