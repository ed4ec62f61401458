#include "tests/model/bad_bytes.h"

#include <vector>

#include "tests/support/client_frame.h"

namespace mote::model {
namespace {

using test::client_frame;
using test::close_frame;

std::string too_many_fragments() {
  std::string bytes = client_frame(1, "f", {.fin = false});
  for (unsigned i = 0; i < kMaxFragments; ++i) bytes += client_frame(0, "f", {.fin = false});
  return bytes;
}

std::vector<BadBytes> make() {
  constexpr auto broken = EndedBy::protocol_error;
  constexpr auto limit = EndedBy::limit;
  const std::string begun = client_frame(1, "begun", {.fin = false});
  return {
      {"a reserved opcode", client_frame(3, "x"), 1002, broken},
      {"a reserved control opcode", client_frame(11, ""), 1002, broken},
      {"a reserved bit", client_frame(1, "x", {.reserved = 2}), 1002, broken},
      {"no mask", client_frame(1, "x", {.masked = false}), 1002, broken},
      {"a fragmented ping", client_frame(9, "x", {.fin = false}), 1002, broken},
      {"a ping of 126 bytes", client_frame(9, std::string(126, 'p')), 1002, broken},
      {"a continuation of nothing", client_frame(0, "x"), 1002, broken},
      {"a message inside another", begun + client_frame(1, "x"), 1002, broken},
      {"a length that is not minimal", client_frame(2, "x", {.length_bytes = 2}), 1002, broken},
      {"text that is not UTF-8", client_frame(1, "\xC3\x28"), 1007, broken},
      {"text that ends inside a character", begun + client_frame(0, "\xE2\x82"), 1007, broken},
      {"Close with one byte", client_frame(8, "x"), 1002, broken},
      {"Close with 1005", close_frame(1005), 1002, broken},
      {"Close with 999", close_frame(999), 1002, broken},
      {"Close with a reason that is not UTF-8", close_frame(1000, "\xFF"), 1007, broken},
      {"a message that is too large", client_frame(2, "", {.announced = kMaxMessageBytes + 1}), 1009, limit},
      {"a message that grows too large",
       client_frame(2, std::string(kMaxMessageBytes, 'g'), {.fin = false}) + client_frame(0, "x"), 1009, limit},
      {"too many fragments", too_many_fragments(), 1008, limit},
  };
}

}  // namespace

std::span<const BadBytes> bad_bytes() {
  static const std::vector<BadBytes> all = make();
  return all;
}

}  // namespace mote::model
