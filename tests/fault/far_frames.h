#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mote::fault {

/// A frame as it came; unmasked.
struct FarFrame {
  unsigned opcode = 0;
  bool fin = true;
  bool compressed = false;
  bool masked = false;
  std::string payload;
};

/// The first frame of `bytes`, and how many bytes it took; nothing where it has not come whole.
struct FarFrameRead {
  FarFrame frame;
  std::size_t size = 0;
};
std::optional<FarFrameRead> read_frame(std::string_view bytes);

/// A head up to and including its empty line, or nothing.
std::optional<std::string> read_head(std::string_view bytes);
/// The value of that field of a head; empty where there is none.
std::string field_of(std::string_view head, std::string_view name);

/// What a server answers to that Sec-WebSocket-Key (RFC 6455 §4.2.2).
std::string accept_value(const std::string& key);

}  // namespace mote::fault
