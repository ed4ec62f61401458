#include "net/server_opening.h"

namespace mote::net {

Opening::Step ServerOpening::feed(std::span<const std::byte> input) {
  const auto [progress, consumed] = request_.feed(input, service_.limits());
  Step step;
  step.consumed = consumed;
  step.answered = progress != proto::HeadProgress::incomplete;
  if (!step.answered) return step;
  const proto::RequestHead& head = request_.head();
  const auto mode = head.is_head() ? proto::Body::omit : proto::Body::include;
  if (fault_) {
    step.answer = service_.refuse(proto::refusal_for(*fault_), mode);
  } else if (progress == proto::HeadProgress::complete) {
    step.answer = service_.answer(head, peer_);
  } else {
    step.answer = service_.refuse(head.refusal(), mode);
  }
  request_.begin_next();
  return step;
}

}  // namespace mote::net
