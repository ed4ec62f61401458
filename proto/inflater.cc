#include "proto/inflater.h"

#define ZLIB_CONST  // next_in points to const
#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <new>

namespace mote::proto {
namespace {

constexpr std::size_t kLeastRoom = 256;
constexpr std::size_t kMostAtOnce = std::numeric_limits<uInt>::max();

const Bytef* input_of(const std::byte* bytes) { return reinterpret_cast<const Bytef*>(bytes); }

}  // namespace

void Inflater::End::operator()(z_stream_s* stream) const {
  ::inflateEnd(stream);
  delete stream;
}

/// The window, and zlib's own state.
Inflater::Inflater(int window_bits)
    : stream_(new z_stream_s{}), memory_bytes_((std::size_t{1} << window_bits) + 8 * 1024) {
  if (::inflateInit2(stream_.get(), -window_bits) != Z_OK) throw std::bad_alloc();
}

Inflater::~Inflater() = default;

Violation Inflater::inflate(std::span<const std::byte> payload, std::uint64_t limit, core::ByteBuffer& out) {
  z_stream_s& stream = *stream_;
  bool more = !payload.empty();
  while (more) {
    const std::size_t offered = std::min(payload.size(), kMostAtOnce);
    stream.next_in = input_of(payload.data());
    stream.avail_in = static_cast<uInt>(offered);
    // Grows with what arrived: not by what the ratio may turn out to be, and never beyond the limit and one byte.
    const std::uint64_t left = limit - out.size();
    const std::size_t wanted = std::max(kLeastRoom, 4 * std::min(offered, kMostAtOnce / 4));
    const auto capped = [&](std::size_t size) { return left < size ? static_cast<std::size_t>(left) + 1 : size; };
    const auto room = out.prepare(capped(kLeastRoom), capped(wanted));
    stream.next_out = reinterpret_cast<Bytef*>(room.data());
    const auto size = static_cast<uInt>(std::min(capped(room.size()), kMostAtOnce));
    stream.avail_out = size;
    const int result = ::inflate(&stream, Z_SYNC_FLUSH);
    out.commit(size - stream.avail_out);
    payload = payload.subspan(offered - stream.avail_in);
    if (result == Z_MEM_ERROR) throw std::bad_alloc();
    if (out.size() > limit) return Violation::message_too_big;
    // A block that says it is the last one ends zlib's stream, but not the message (§7.2.3.4): what follows is another
    // stream, in the same window. zlib's own way to keep that, a dictionary, would copy 32 KiB for two bytes of input.
    if (result == Z_STREAM_END) ::inflateResetKeep(&stream);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return Violation::compressed_data_invalid;
    more = !payload.empty() || stream.avail_out == 0;
  }
  return Violation::none;
}

Violation Inflater::finish() {
  static constexpr std::array<Bytef, 4> kTail = {0x00, 0x00, 0xFF, 0xFF};
  z_stream_s& stream = *stream_;
  Bytef nothing = 0;
  stream.next_in = kTail.data();
  stream.avail_in = kTail.size();
  stream.next_out = &nothing;
  stream.avail_out = 1;
  // Z_TREES stops behind the header of a block, to which the lengths of a stored one belong. If the four bytes are what
  // is missing, that is behind the last of them, with no bits left.
  const int result = ::inflate(&stream, Z_TREES);
  if (result == Z_MEM_ERROR) throw std::bad_alloc();
  constexpr int kBehindHeader = 256;
  constexpr int kInLastBlock = 64;
  if (result != Z_OK || stream.avail_in != 0 || (stream.data_type & ~kInLastBlock) != kBehindHeader) {
    return Violation::compressed_data_invalid;
  }
  // An empty stored block ends there. A compressed one, whose tables they may end by chance, needs more.
  ::inflate(&stream, Z_BLOCK);
  constexpr int kAtBlockEnd = 128;
  return (stream.data_type & kAtBlockEnd) != 0 ? Violation::none : Violation::compressed_data_invalid;
}

void Inflater::forget() { ::inflateReset(stream_.get()); }

}  // namespace mote::proto
