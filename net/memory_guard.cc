#include "net/memory_guard.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "core/log.h"
#include "net/session.h"

namespace mote::net {

/// From the ready list: by then what only had to be sent was sent.
MemoryGuard::MemoryGuard(core::Reactor& reactor, core::BlockCache& blocks, std::size_t budget_bytes)
    : reactor_(reactor), blocks_(blocks), budget_bytes_(budget_bytes) {
  blocks_.watch(budget_bytes, [this] { reactor_.make_ready(*this); });
}

MemoryGuard::~MemoryGuard() { blocks_.unwatch(); }

void MemoryGuard::weigh(Session& session, std::size_t bytes) {
  if (bytes != 0) weights_.push_back({bytes, &session});
}

void MemoryGuard::on_ready() {
  if (!above_budget()) return;
  try {
    relieve();
  } catch (const std::exception& exception) {
    core::log(LogLevel::error, {"memory_budget_bytes is passed, and nothing can be done: ", exception.what()});
  }
  weights_ = {};
}

/// What is closed gives its memory back at the turn's end.
void MemoryGuard::relieve() {
  reactor_.announce(core::Announcement::weigh);
  std::ranges::sort(weights_, std::greater<>(), &Weight::bytes);
  const std::size_t target = budget_bytes_ - budget_bytes_ / 8;
  std::size_t left = blocks_.lent_bytes();
  for (const Weight& weight : weights_) {
    if (left <= target) return;
    left -= std::min(left, weight.bytes);
    weight.session->shed();
  }
}

}  // namespace mote::net
