#include "tests/conformance/deflate_codec.h"

#include <zlib.h>

#include <algorithm>
#include <stdexcept>

#include "tests/conformance/peer.h"

namespace mote::conformance {
namespace {

// What a sync flush ends with, and a message goes without (RFC 7692 §7.2.1).
constexpr std::string_view kTail("\x00\x00\xFF\xFF", 4);
constexpr int kSmallestWindowOfZlib = 9;  // zlib's deflate has no raw format with 8
constexpr int kMemoryLevel = 8;
constexpr std::size_t kRoom = 64 * 1024;
// zlib lets a distance pass the window by what one call has inflated. So the first octets of a connection are inflated
// one by one, which makes it exact, and one message in so many later; the rest a large window at a time, for speed.
constexpr std::size_t kExactOctets = 256 * 1024;
constexpr std::size_t kExactEvery = 32;
constexpr std::size_t kLargestWindow = std::size_t{1} << MAX_WBITS;
// In z_stream's data_type: at the end of the input there is no block begun.
constexpr int kBetweenBlocks = 128;

unsigned char* bytes_of(char* data) { return reinterpret_cast<unsigned char*>(data); }

// zlib does not write to its input.
unsigned char* input_of(std::string_view data) { return bytes_of(const_cast<char*>(data.data())); }  // NOLINT

}  // namespace

void Compressor::End::operator()(z_stream_s* stream) const {
  ::deflateEnd(stream);
  delete stream;
}

Compressor::Compressor(const WindowRules& rules) : stream_(new z_stream_s{}), takes_over_(rules.takes_over) {
  // With a window of 8 bits: no reference back at all.
  const int strategy = rules.bits < kSmallestWindowOfZlib ? Z_HUFFMAN_ONLY : Z_DEFAULT_STRATEGY;
  const int bits = std::max(rules.bits, kSmallestWindowOfZlib);
  if (::deflateInit2(stream_.get(), Z_BEST_SPEED, Z_DEFLATED, -bits, kMemoryLevel, strategy) != Z_OK) {
    throw std::runtime_error("deflateInit2");
  }
}

std::string Compressor::compress(std::string_view message) {
  std::string compressed;
  stream_->next_in = input_of(message);
  stream_->avail_in = static_cast<unsigned>(message.size());
  do {
    const std::size_t begin = compressed.size();
    compressed.resize(begin + kRoom);
    stream_->next_out = bytes_of(compressed.data() + begin);
    stream_->avail_out = kRoom;
    if (::deflate(stream_.get(), Z_SYNC_FLUSH) != Z_OK) throw std::runtime_error("deflate");
    compressed.resize(compressed.size() - stream_->avail_out);
  } while (stream_->avail_out == 0);
  if (!compressed.ends_with(kTail)) throw std::runtime_error("no sync flush");
  compressed.resize(compressed.size() - kTail.size());
  if (!takes_over_) ::deflateReset(stream_.get());
  return compressed;
}

void Decompressor::End::operator()(z_stream_s* stream) const {
  ::inflateEnd(stream);
  delete stream;
}

Decompressor::Decompressor(const WindowRules& rules) : stream_(new z_stream_s{}), rules_(rules) {
  if (::inflateInit2(stream_.get(), -rules.bits) != Z_OK) throw std::runtime_error("inflateInit2");
}

std::size_t Decompressor::step_octets() const {
  const bool exact = rules_.bits < MAX_WBITS && (inflated_octets_ < kExactOctets || messages_ % kExactEvery == 0);
  return exact ? 1 : kLargestWindow;
}

std::string Decompressor::decompress(std::string message) {
  message += kTail;
  ++messages_;
  stream_->next_in = input_of(message);
  stream_->avail_in = static_cast<unsigned>(message.size());
  std::string inflated;
  bool between_blocks = false;
  do {
    const std::size_t begin = inflated.size();
    const std::size_t step = step_octets();
    inflated.resize(begin + step);
    stream_->next_out = bytes_of(inflated.data() + begin);
    stream_->avail_out = static_cast<unsigned>(step);
    const int status = ::inflate(stream_.get(), Z_SYNC_FLUSH);
    inflated.resize(inflated.size() - stream_->avail_out);
    inflated_octets_ += step - stream_->avail_out;
    if (status == Z_STREAM_END) throw Failure("a final block in a compressed message");
    if (status != Z_OK && status != Z_BUF_ERROR) {
      throw Failure(std::string("a message that cannot be inflated: ") +
                    (stream_->msg != nullptr ? stream_->msg : "unknown"));
    }
    // A call that finds nothing more to do answers Z_BUF_ERROR, and no longer where it is.
    if (status == Z_OK) between_blocks = (stream_->data_type & kBetweenBlocks) != 0;
  } while (stream_->avail_out == 0);
  if (stream_->avail_in != 0 || !between_blocks) throw Failure("a compressed message that ends inside a block");
  if (!rules_.takes_over) ::inflateReset(stream_.get());
  return inflated;
}

}  // namespace mote::conformance
