#include "net/server_opening.h"

namespace mote::net {

Opening::Step ServerOpening::feed(std::span<const std::byte> input) {
  const auto [progress, consumed] = request_.feed(input, service_.limits());
  Step step;
  step.consumed = consumed;
  step.answered = progress != proto::HeadProgress::incomplete;
  if (!step.answered) return step;
  const proto::RequestHead& head = request_.head();
  step.answer = progress == proto::HeadProgress::complete
                    ? service_.answer(head, peer_)
                    : service_.refuse(head.refusal(), head.is_head() ? proto::Body::omit : proto::Body::include);
  request_.begin_next();
  return step;
}

}  // namespace mote::net
