#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mote::test {

/// How a client ends up a header: everything about a frame that a test may want to get wrong.
struct FrameBits {
  bool fin = true;
  unsigned reserved = 0;  // RSV1 is 4
  bool masked = true;
  std::uint32_t key = 0x37FA213D;
  unsigned length_bytes = 0;                              // 0: the shortest form; 2 or 8: that extended form
  std::optional<std::uint64_t> announced = std::nullopt;  // in place of the payload's size
};

/// The bytes of a frame from a client.
std::string client_frame(unsigned opcode, std::string_view payload, const FrameBits& bits = {});
inline std::string text_frame(std::string_view payload) { return client_frame(1, payload); }
/// A Close frame with a code and a reason.
std::string close_frame(std::uint16_t code, std::string_view reason = {});
/// A correct opening handshake; `lines`: further header lines, each ended by CR LF.
std::string upgrade_request(std::string_view target = "/", std::string_view lines = {});

}  // namespace mote::test
