#include "proto/fast_deflater.h"

#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <cstdint>

namespace mote::proto {
namespace {

constexpr std::size_t kTailBytes = 4;             // 00 00 FF FF, the end of what a flush writes
constexpr std::size_t kPieceBytes = 64 * 1024;    // of a large message
constexpr std::size_t kPendingBytes = 96 * 1024;  // more than what is inside, not yet written, can become

}  // namespace

FastDeflater::FastDeflater()
    : stream_(std::make_unique<isal_zstream>()),
      tables_(std::make_unique_for_overwrite<std::byte[]>(ISAL_DEF_LVL1_DEFAULT)) {}

FastDeflater::~FastDeflater() = default;

void FastDeflater::compress(std::span<const std::byte> message, int window_bits, core::ByteBuffer& out) {
  if (message.empty()) {  // one empty block less than ISA-L makes of it (§7.2.3.6)
    const std::byte empty{0};
    return out.append({&empty, 1});
  }
  isal_zstream& stream = *stream_;
  ::isal_deflate_init(&stream);
  stream.level = 1;
  stream.level_buf = reinterpret_cast<std::uint8_t*>(tables_.get());
  stream.level_buf_size = ISAL_DEF_LVL1_DEFAULT;
  stream.hist_bits = static_cast<std::uint16_t>(window_bits);
  while (!message.empty()) {
    const auto piece = message.first(std::min(message.size(), kPieceBytes));
    message = message.subspan(piece.size());
    stream.flush = message.empty() ? SYNC_FLUSH : NO_FLUSH;
    // Never less room than it can fill: a flush that ran out of it would be begun again.
    const auto room = out.prepare(2 * piece.size() + kPendingBytes);
    stream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<std::byte*>(piece.data()));  // NOLINT: it only reads
    stream.avail_in = static_cast<std::uint32_t>(piece.size());
    stream.next_out = reinterpret_cast<std::uint8_t*>(room.data());
    stream.avail_out = static_cast<std::uint32_t>(room.size());
    ::isal_deflate(&stream);
    out.commit(room.size() - stream.avail_out);
  }
  out.drop_back(kTailBytes);
}

}  // namespace mote::proto
