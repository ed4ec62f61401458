#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

struct z_stream_s;

namespace mote::conformance {

/// Of one direction of a connection (RFC 7692 §7).
struct WindowRules {
  int bits = 15;           ///< 8 to 15
  bool takes_over = true;  ///< A message may refer to the ones before.
};

/// What this end sends (RFC 7692 §7.2.1), by zlib.
class Compressor {
 public:
  explicit Compressor(const WindowRules& rules);
  std::string compress(std::string_view message);

 private:
  struct End {
    void operator()(z_stream_s* stream) const;
  };
  std::unique_ptr<z_stream_s, End> stream_;
  bool takes_over_;
};

/// What the other end sent (RFC 7692 §7.2.2), by zlib. Throws a Failure where a message refers to more than the rules
/// allow, or is no whole number of DEFLATE blocks.
class Decompressor {
 public:
  explicit Decompressor(const WindowRules& rules);
  std::string decompress(std::string message);

 private:
  struct End {
    void operator()(z_stream_s* stream) const;
  };
  [[nodiscard]] std::size_t step_octets() const;

  std::unique_ptr<z_stream_s, End> stream_;
  WindowRules rules_;
  std::size_t inflated_octets_ = 0;
  std::size_t messages_ = 0;
};

}  // namespace mote::conformance
