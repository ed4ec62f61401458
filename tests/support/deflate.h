#pragma once

#define ZLIB_CONST  // next_in points to const
#include <zlib.h>

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace mote::test {

inline const Bytef* zlib_input(std::string_view bytes) { return reinterpret_cast<const Bytef*>(bytes.data()); }

struct DeflateBits {
  int level = 6;
  int window_bits = 15;  // at least 9: zlib has no raw deflate with 8
  int strategy = Z_DEFAULT_STRATEGY;
  int memory_level = 8;
};

/// A peer's compressor (RFC 7692 §7.2.1), written with zlib alone: it shares no code with mote's.
class PeerDeflater {
 public:
  explicit PeerDeflater(const DeflateBits& bits = {}) {
    if (::deflateInit2(&stream_, bits.level, Z_DEFLATED, -bits.window_bits, bits.memory_level, bits.strategy) != Z_OK) {
      throw std::runtime_error("deflateInit2");
    }
  }
  ~PeerDeflater() { ::deflateEnd(&stream_); }
  PeerDeflater(const PeerDeflater&) = delete;
  PeerDeflater& operator=(const PeerDeflater&) = delete;

  /// All that zlib writes for `message` up to the end of that kind of flush.
  std::string write(std::string_view message, int flush) {
    std::string out;
    std::array<Bytef, 4096> piece;
    stream_.next_in = zlib_input(message);
    stream_.avail_in = static_cast<uInt>(message.size());
    do {
      stream_.next_out = piece.data();
      stream_.avail_out = piece.size();
      ::deflate(&stream_, flush);
      out.append(reinterpret_cast<const char*>(piece.data()), piece.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return out;
  }
  /// The payload of a compressed message.
  std::string message(std::string_view message) {
    std::string out = write(message, Z_SYNC_FLUSH);
    return out.empty() ? std::string(1, '\0') : out.substr(0, out.size() - 4);
  }
  /// One that ends in a block with BFINAL, then the byte that makes an empty block (§7.2.3.4). Afterwards anew.
  std::string final_message(std::string_view message) {
    std::string out = write(message, Z_FINISH) + std::string(1, '\0');
    forget();
    return out;
  }
  void forget() { ::deflateReset(&stream_); }

 private:
  z_stream stream_{};
};

inline std::string deflated(std::string_view message, const DeflateBits& bits = {}) {
  return PeerDeflater(bits).message(message);
}

/// A peer's decompressor (§7.2.2). What refers back beyond its window, by more than a few bytes, is an error: it
/// decompresses in pieces so small that zlib has little but the window to look at.
class PeerInflater {
 public:
  explicit PeerInflater(int window_bits = 15) {
    if (::inflateInit2(&stream_, -window_bits) != Z_OK) throw std::runtime_error("inflateInit2");
  }
  ~PeerInflater() { ::inflateEnd(&stream_); }
  PeerInflater(const PeerInflater&) = delete;
  PeerInflater& operator=(const PeerInflater&) = delete;

  std::string message(std::string_view payload) {
    std::string out;
    feed(payload, out);
    const std::size_t size = out.size();
    feed(std::string_view("\0\0\xFF\xFF", 4), out);
    if (out.size() != size) throw std::runtime_error("the message goes on in its last four bytes");
    return out;
  }
  void forget() { ::inflateReset(&stream_); }

 private:
  void feed(std::string_view bytes, std::string& out) {
    stream_.next_in = zlib_input(bytes);
    stream_.avail_in = static_cast<uInt>(bytes.size());
    for (;;) {
      std::array<Bytef, 64> piece;
      stream_.next_out = piece.data();
      stream_.avail_out = piece.size();
      const int result = ::inflate(&stream_, Z_SYNC_FLUSH);
      out.append(reinterpret_cast<const char*>(piece.data()), piece.size() - stream_.avail_out);
      if (result == Z_BUF_ERROR && stream_.avail_in == 0) return;
      if (result != Z_OK) throw std::runtime_error(stream_.msg != nullptr ? stream_.msg : "inflate");
      if (stream_.avail_in == 0 && stream_.avail_out != 0) return;
    }
  }

  z_stream stream_{};
};

}  // namespace mote::test
