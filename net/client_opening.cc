#include "net/client_opening.h"

#include <string_view>
#include <utility>

namespace mote::net {

std::string ClientOpening::first_words() {
  key_ = proto::make_key();
  std::string words;
  proto::append_request(words, request());
  return words;
}

Opening::Step ClientOpening::feed(std::span<const std::byte> input) {
  const auto [progress, consumed] =
      response_.feed(input, {options_.max_response_head_bytes, options_.max_header_lines});
  Step step;
  step.consumed = consumed;
  if (progress == proto::HeadProgress::incomplete) return step;
  const proto::ResponseHead& head = response_.head();
  if (progress == proto::HeadProgress::refused) {
    step.answer = failure(std::string(proto::info_of(head.fault()).text));
    step.answered = true;
  } else if (!head.is_interim()) {  // else the final response is still to come (RFC 9110 §15.2)
    step.answer = answer(head);
    step.answered = true;
  }
  response_.begin_next();
  return step;
}

OpeningAnswer ClientOpening::answer(const proto::ResponseHead& head) const {
  const auto verdict = proto::judge_response(head, request());
  switch (verdict.kind) {
    case proto::ResponseVerdict::Kind::broken:
      return failure(std::string(proto::info_of(verdict.fault).text));
    case proto::ResponseVerdict::Kind::refused: {
      RefusedResponse response{head.status(), std::string(head.reason()), std::string(head.headers().lines())};
      std::string text = url_.host_field;
      text.append(" answered ").append(std::to_string(response.status)).append(" ").append(response.reason);
      OpeningAnswer refused;
      refused.after = AfterAnswer::fail;
      refused.error.emplace(text.append(" in place of 101"), std::move(response));
      return refused;
    }
    case proto::ResponseVerdict::Kind::accepted:
      break;
  }
  OpeningAnswer accepted;
  accepted.after = AfterAnswer::open;
  accepted.deflate = verdict.deflate;
  accepted.record = HandshakeRecord::make({.path = url_.target,
                                           .host = url_.host_field,
                                           .fields = head.headers().lines(),
                                           .subprotocol = verdict.subprotocol});
  return accepted;
}

OpeningAnswer ClientOpening::failure(const std::string& what) const {
  OpeningAnswer failed;
  failed.after = AfterAnswer::fail;
  failed.error.emplace(ErrorKind::handshake, url_.host_field + ": " + what);
  return failed;
}

}  // namespace mote::net
