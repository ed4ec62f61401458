#include "net/http_phase.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace mote::net {

HttpPhase::Step HttpPhase::feed(std::span<const std::byte> input) {
  Step step;
  const std::size_t kept = kept_.size();
  std::span<const std::byte> bytes = input;
  if (kept != 0) {
    // One byte beyond the limit is enough for the parser to say so.
    const std::size_t wanted = service_.limits().head_bytes + 1 - std::min(kept, service_.limits().head_bytes);
    kept_.append(input.first(std::min(input.size(), wanted)));
    bytes = kept_.bytes();
  }
  const auto progress = head_.parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, service_.limits());
  if (progress == proto::HeadProgress::incomplete) {
    if (kept == 0) kept_.append(input);
    step.consumed = bytes.size() - kept;
    return step;
  }
  step.answered = true;
  if (progress == proto::HeadProgress::complete) {
    step.consumed = head_.size() - kept;
    step.answer = service_.answer(head_, peer_);
  } else {
    step.consumed = input.size();
    step.answer = service_.refuse(head_.refusal(), head_.is_head() ? proto::Body::omit : proto::Body::include);
  }
  head_ = {};
  kept_.clear();
  return step;
}

}  // namespace mote::net
