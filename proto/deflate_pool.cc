#include "proto/deflate_pool.h"

#include <utility>

namespace mote::proto {
namespace {

constexpr int kFastLevel = 1;

}  // namespace

std::unique_ptr<Inflater> DeflatePool::take_inflater() {
  if (inflaters_.empty()) return make_inflater(kMaxWindowBits);
  auto inflater = std::move(inflaters_.back());
  inflaters_.pop_back();
  inflater->count_in(blocks_);
  return inflater;
}

void DeflatePool::give_back(std::unique_ptr<Inflater> inflater) {
  if (inflaters_.size() == kSpareInflaters) return;
  inflater->forget();
  inflater->count_no_more();
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
    deflater = std::make_unique<Deflater>(window_bits, settings_);
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
  auto deflater = std::make_unique<Deflater>(window_bits, settings_);
  deflater->count_in(blocks_);
  return deflater;
}

std::unique_ptr<Inflater> DeflatePool::make_inflater(int window_bits) const {
  auto inflater = std::make_unique<Inflater>(window_bits);
  inflater->count_in(blocks_);
  return inflater;
}

}  // namespace mote::proto
