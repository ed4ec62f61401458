#include "proto/deflate_pool.h"

#include <utility>

namespace mote::proto {
namespace {

constexpr int kFastLevel = 1;

}  // namespace

std::unique_ptr<Inflater> DeflatePool::take_inflater() {
  if (inflaters_.empty()) return std::make_unique<Inflater>(kMaxWindowBits);
  auto inflater = std::move(inflaters_.back());
  inflaters_.pop_back();
  return inflater;
}

void DeflatePool::give_back(std::unique_ptr<Inflater> inflater) {
  if (inflaters_.size() == kSpareInflaters) return;
  inflater->forget();
  inflaters_.push_back(std::move(inflater));
}

std::span<const std::byte> DeflatePool::compress(std::span<const std::byte> message, int window_bits) {
  if (settings_.level == kFastLevel) {
    if (fast_ == nullptr) fast_ = std::make_unique<FastDeflater>();
    deflated_.rewind();
    fast_->compress(message, window_bits, deflated_);
    return deflated_.bytes();
  }
  auto& deflater = deflaters_[static_cast<std::size_t>(window_bits - kMinWindowBits)];
  if (deflater == nullptr) {
    deflater = make_deflater(window_bits);
  } else {
    deflater->forget();
  }
  return compress(message, *deflater);
}

std::span<const std::byte> DeflatePool::compress(std::span<const std::byte> message, Deflater& deflater) {
  deflated_.rewind();
  deflater.compress(message, deflated_);
  return deflated_.bytes();
}

std::unique_ptr<Deflater> DeflatePool::make_deflater(int window_bits) const {
  return std::make_unique<Deflater>(window_bits, settings_);
}

}  // namespace mote::proto
