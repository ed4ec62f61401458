#include "proto/message_deflater.h"

namespace mote::proto {

bool MessageDeflater::wanted(std::size_t message_bytes, Compress compress, const Compression& settings) const {
  if (agreed_ == nullptr || compress == Compress::never) return false;
  if (compress == Compress::always) return true;
  return settings.mode == CompressionMode::on && message_bytes >= settings.threshold_bytes;
}

MessageDeflater::Encoded MessageDeflater::encode(std::span<const std::byte> message, Compress compress,
                                                 DeflatePool& pool) {
  if (!wanted(message.size(), compress, pool.settings())) return {message};
  const auto [window_bits, takeover] = agreed_->parameters.compressor_of(agreed_->role);
  if (!takeover) {
    const auto payload = pool.compress(message, window_bits);
    return payload.size() < message.size() ? Encoded{payload, Coding::deflated} : Encoded{message};
  }
  if (agreed_->own == nullptr) agreed_->own = pool.make_deflater(window_bits);
  return {pool.compress(message, *agreed_->own),
          Coding::deflated};  // also where it is larger: it is in the context now
}

const PreparedFrame& MessageDeflater::choose(const PreparedFrames& message, DeflatePool& pool) {
  const PreparedFrame& plain = message.plain();
  if (!wanted(plain.payload().size(), message.compress(), pool.settings())) return plain;
  const PreparedFrame* const deflated =
      message.deflated(pool, agreed_->parameters.compressor_of(agreed_->role).window_bits);
  if (deflated == nullptr) return plain;
  forget();  // the peer's window has the message now, and that of our own deflater has not
  return *deflated;
}

void MessageDeflater::forget() {
  if (agreed_ != nullptr && agreed_->own != nullptr) agreed_->own->forget();
}

}  // namespace mote::proto
