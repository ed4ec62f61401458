#include "tests/model/bad_bytes.h"

#include <string_view>
#include <vector>

#include "tests/support/client_frame.h"

namespace mote::model {
namespace {

using test::FrameBits;

/// Writes frames as that role has them.
struct Frames {
  bool masked;

  [[nodiscard]] std::string operator()(unsigned opcode, std::string_view payload, FrameBits bits = {}) const {
    bits.masked = masked;
    return test::client_frame(opcode, payload, bits);
  }
  [[nodiscard]] std::string close(std::uint16_t code, std::string_view reason = {}) const {
    std::string payload{static_cast<char>(code >> 8U), static_cast<char>(code & 0xFFU)};
    return (*this)(8, payload.append(reason));
  }
  [[nodiscard]] std::string of_the_other_role() const { return test::client_frame(1, "x", {.masked = !masked}); }
};

std::string too_many_fragments(const Frames& frame) {
  std::string bytes = frame(1, "f", {.fin = false});
  for (unsigned i = 0; i < kMaxFragments; ++i) bytes += frame(0, "f", {.fin = false});
  return bytes;
}

std::vector<BadBytes> make(Role speaker) {
  constexpr auto broken = EndedBy::protocol_error;
  constexpr auto limit = EndedBy::limit;
  const Frames frame{speaker == Role::client};
  const std::string begun = frame(1, "begun", {.fin = false});
  return {
      {"a reserved opcode", frame(3, "x"), 1002, broken},
      {"a reserved control opcode", frame(11, ""), 1002, broken},
      {"a reserved bit", frame(1, "x", {.reserved = 2}), 1002, broken},
      {"the other role's masking", frame.of_the_other_role(), 1002, broken},
      {"a fragmented ping", frame(9, "x", {.fin = false}), 1002, broken},
      {"a ping of 126 bytes", frame(9, std::string(126, 'p')), 1002, broken},
      {"a continuation of nothing", frame(0, "x"), 1002, broken},
      {"a message inside another", begun + frame(1, "x"), 1002, broken},
      {"a length that is not minimal", frame(2, "x", {.length_bytes = 2}), 1002, broken},
      {"text that is not UTF-8", frame(1, "\xC3\x28"), 1007, broken},
      {"text that ends inside a character", begun + frame(0, "\xE2\x82"), 1007, broken},
      {"Close with one byte", frame(8, "x"), 1002, broken},
      {"Close with 1005", frame.close(1005), 1002, broken},
      {"Close with 999", frame.close(999), 1002, broken},
      {"Close with a reason that is not UTF-8", frame.close(1000, "\xFF"), 1007, broken},
      {"a message that is too large", frame(2, "", {.announced = kMaxMessageBytes + 1}), 1009, limit},
      {"a message that grows too large", frame(2, std::string(kMaxMessageBytes, 'g'), {.fin = false}) + frame(0, "x"),
       1009, limit},
      {"too many fragments", too_many_fragments(frame), 1008, limit},
  };
}

}  // namespace

std::span<const BadBytes> bad_bytes(Role speaker) {
  static const std::vector<BadBytes> of_client = make(Role::client);
  static const std::vector<BadBytes> of_server = make(Role::server);
  return speaker == Role::client ? of_client : of_server;
}

}  // namespace mote::model
