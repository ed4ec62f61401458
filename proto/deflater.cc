#include "proto/deflater.h"

#define ZLIB_CONST  // next_in points to const
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>

namespace mote::proto {
namespace {

constexpr std::size_t kTailBytes = 4;  // 00 00 FF FF, the end of what Z_SYNC_FLUSH writes
constexpr std::size_t kMostAtOnce = std::numeric_limits<uInt>::max();

// zlib has no raw window of 256 bytes. In its next larger one it looks back 512 less 262 bytes at most, so that what it
// writes there can be read in the smaller one, too.
int zlib_window_bits(int window_bits) { return std::max(window_bits, 9); }

// zlib moves its whole hash table each time the window is full. With a small window, which any client may ask for, a
// table for the largest would cost a multiple of the compression itself.
int zlib_memory_level(int window_bits, int wanted) { return std::min(wanted, zlib_window_bits(window_bits) - 5); }

}  // namespace

void Deflater::End::operator()(z_stream_s* stream) const {
  ::deflateEnd(stream);
  delete stream;
}

/// What it takes is as zconf.h has it, and zlib's own state.
Deflater::Deflater(int window_bits, const Compression& settings) : stream_(new z_stream_s{}) {
  const int bits = zlib_window_bits(window_bits);
  const int memory_level = zlib_memory_level(window_bits, settings.memory_level);
  const int result = ::deflateInit2(stream_.get(), settings.level, Z_DEFLATED, -bits, memory_level, Z_DEFAULT_STRATEGY);
  if (result != Z_OK) throw std::bad_alloc();
  memory_bytes_ = (std::size_t{1} << (bits + 2)) + (std::size_t{1} << (memory_level + 9)) + 6 * 1024;
}

Deflater::~Deflater() = default;

void Deflater::compress(std::span<const std::byte> message, core::ByteBuffer& out) {
  z_stream_s& stream = *stream_;
  const std::size_t before = out.size();
  bool more = true;
  while (more) {
    const std::size_t offered = std::min(message.size(), kMostAtOnce);
    stream.next_in = reinterpret_cast<const Bytef*>(message.data());
    stream.avail_in = static_cast<uInt>(offered);
    // With less room than the flush needs, zlib would begin it again (see deflate() in zlib.h).
    const auto room = out.prepare(64, offered / 2 + 64);
    const std::size_t size = std::min(room.size(), kMostAtOnce);
    stream.next_out = reinterpret_cast<Bytef*>(room.data());
    stream.avail_out = static_cast<uInt>(size);
    ::deflate(&stream, offered == message.size() ? Z_SYNC_FLUSH : Z_NO_FLUSH);
    out.commit(size - stream.avail_out);
    message = message.subspan(offered - stream.avail_in);
    more = stream.avail_out == 0 || !message.empty();
  }
  if (out.size() - before > kTailBytes) return out.drop_back(kTailBytes);
  // After a flush without anything new zlib writes nothing: an empty block is made by hand (§7.2.3.6).
  const std::byte empty{0};
  out.append({&empty, 1});
}

void Deflater::forget() { ::deflateReset(stream_.get()); }

}  // namespace mote::proto
