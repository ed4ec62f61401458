#include "tests/differential/conversation.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include "tests/differential/deflating.h"
#include "tests/differential/random_text.h"

namespace mote::differential {
namespace {

using namespace std::string_view_literals;
using namespace mote::test;

constexpr unsigned kRsv1 = 0x40;  // of a compressed message (RFC 7692 §6)

std::size_t random_size(Random& random, const Rules& rules) {
  const auto limit = static_cast<std::size_t>(rules.message_bytes);
  switch (random.below(16)) {
    case 0:
    case 1:
      return 0;
    case 2:
    case 3:
    case 4:
      return random.between(123, 129);
    case 5:
      return random.one_in(1 + limit / 2'000) ? random.between(limit - 1, limit + 1) : random.below(200);
    case 6:
      return random.one_in(1 + limit / 2'000) ? random.below(limit) : random.below(400);
    case 7:
      return random.one_in(40) ? random.between(65'533, 65'538) : random.below(1'500);
    default:
      return random.below(24);
  }
}

std::string random_bytes(Random& random, std::size_t size) {
  std::string bytes(size, '\0');
  const std::size_t drawn = std::min<std::size_t>(size, 256);
  for (std::size_t i = 0; i < drawn; ++i) bytes[i] = static_cast<char>(random.below(256));
  for (std::size_t i = drawn; i < size; ++i) bytes[i] = bytes[i - drawn];
  return bytes;
}

class Conversation {
 public:
  Conversation(Random& random, proto::Role reader, const Rules& rules)
      : random_(random), reader_(reader), rules_(rules) {}

  std::vector<Frame> make() {
    for (std::size_t left = random_.between(0, 4); left > 0; --left) {
      if (random_.one_in(4)) {
        add_control();
      } else {
        add_message();
      }
    }
    if (!random_.one_in(4)) add(kFin | kClose, random_close_payload());
    if (random_.one_in(16)) add_message();
    return std::move(frames_);
  }

  std::vector<Frame> make_large() {
    const auto most = static_cast<std::size_t>(rules_.message_bytes);
    add_message(random_.between(most / 4, most), random_.between(1, 2));
    return std::move(frames_);
  }

  Frame control() {
    if (random_.one_in(24)) return frame(kFin | kClose, random_close_payload());
    const std::size_t size = random_.one_in(4) ? random_.between(120, 126) : random_.below(20);
    return frame(kFin | (random_.one_in(3) ? kPong : kPing), random_bytes(random_, size));
  }

 private:
  [[nodiscard]] Frame frame(unsigned first, std::string payload) {
    const std::uint32_t key = random_.one_in(8) ? 0 : static_cast<std::uint32_t>(random_.next());
    return {.first = first, .payload = std::move(payload), .masked = reader_ == proto::Role::server, .key = key};
  }
  void add(unsigned first, std::string payload) { frames_.push_back(frame(first, std::move(payload))); }
  void add_control() { frames_.push_back(control()); }

  void add_message() { add_message(random_size(random_, rules_), fragment_count()); }

  void add_message(std::size_t size, std::size_t fragments) {
    const bool text = !random_.one_in(3);
    const std::string payload = text ? random_text(random_, size) : random_bytes(random_, size);
    unsigned first = text ? kText : kBinary;
    std::vector<std::string> payloads;
    if (!rules_.deflate || random_.one_in(4)) {
      payloads = cut(payload, fragments);
    } else {
      first |= kRsv1;
      // Fragments are cut before they are compressed, or after.
      payloads = random_.one_in(2) ? deflater().compress(cut(payload, fragments))
                                   : cut(deflater().compress({payload}).front(), fragments);
    }
    for (std::size_t i = 0; i < payloads.size(); ++i) {
      const bool last = i + 1 == payloads.size();
      add(first | (last ? kFin : 0U), std::move(payloads[i]));
      first = kMore;
      while (!last && random_.one_in(4)) add_control();
    }
  }

  std::vector<std::string> cut(const std::string& payload, std::size_t count) {
    std::vector<std::string> pieces;
    std::size_t position = 0;
    while (pieces.size() + 1 < count) {
      pieces.push_back(payload.substr(position, fragment_size(payload.size() - position)));
      position += pieces.back().size();
    }
    pieces.push_back(payload.substr(position));
    return pieces;
  }

  RandomDeflater& deflater() {
    if (!deflater_) deflater_.emplace(random_, *rules_.deflate);
    return *deflater_;
  }

  std::size_t fragment_count() {
    if (!random_.one_in(3)) return 1;
    return random_.one_in(8) && rules_.fragments < 20 ? random_.between(rules_.fragments - 1, rules_.fragments + 1)
                                                      : random_.between(2, 5);
  }
  std::size_t fragment_size(std::size_t left) {
    if (random_.one_in(4)) return 0;
    return random_.one_in(4) ? left : random_.between(0, left);
  }

  std::string random_close_payload() {
    static constexpr std::array<unsigned, 26> codes = {0,    1,    999,  1001, 1002, 1003, 1004, 1005, 1006,
                                                       1007, 1010, 1011, 1012, 1013, 1014, 1015, 1016, 1100,
                                                       1999, 2000, 2999, 3000, 3999, 4999, 5000, 65535};
    if (random_.one_in(8)) return {};
    if (random_.one_in(24)) return "\x03";
    const unsigned code = random_.one_in(2)    ? 1000
                          : random_.one_in(16) ? static_cast<unsigned>(random_.below(65536))
                                               : random_.pick(codes);
    std::string payload = {static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
    if (!random_.one_in(3))
      payload += random_text(random_, random_.one_in(4) ? random_.between(118, 124) : random_.below(20));
    return payload;
  }

  Random& random_;
  proto::Role reader_;
  const Rules& rules_;
  std::optional<RandomDeflater> deflater_;
  std::vector<Frame> frames_;
};

}  // namespace

std::vector<Frame> random_conversation(Random& random, proto::Role reader, const Rules& rules) {
  return Conversation(random, reader, rules).make();
}

std::vector<Frame> random_large_message(Random& random, proto::Role reader, const Rules& rules) {
  return Conversation(random, reader, rules).make_large();
}

Frame random_control_frame(Random& random, proto::Role reader) { return Conversation(random, reader, {}).control(); }

void append(std::string& stream, const Frame& frame) {
  stream += static_cast<char>(frame.first);
  append_length(stream, frame.announced.value_or(frame.payload.size()), frame.form, frame.masked ? 0x80U : 0U);
  if (!frame.masked) {
    stream += frame.payload;
    return;
  }
  std::array<char, 4> key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<char>(frame.key >> (8 * i) & 0xFF);
  stream.append(key.data(), key.size());
  const std::size_t begin = stream.size();
  stream += frame.payload;
  for (std::size_t i = 0; i < frame.payload.size(); ++i)
    stream[begin + i] = static_cast<char>(stream[begin + i] ^ key[i % 4]);
}

}  // namespace mote::differential
