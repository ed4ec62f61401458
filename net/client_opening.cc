#include "net/client_opening.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace mote::net {

std::string ClientOpening::first_words() {
  key_ = proto::make_key();
  std::string words;
  proto::append_request(words, request());
  return words;
}

ClientOpening::Step ClientOpening::feed(std::span<const std::byte> input) {
  const proto::ResponseLimits limits{options_.max_response_head_bytes, options_.max_header_lines};
  Step step;
  const std::size_t kept = kept_.size();
  std::span<const std::byte> bytes = input;
  if (kept != 0) {
    // One byte beyond the limit is enough for the parser to say so.
    const std::size_t wanted = limits.head_bytes + 1 - std::min(kept, limits.head_bytes);
    kept_.append(input.first(std::min(input.size(), wanted)));
    bytes = kept_.bytes();
  }
  const auto progress = head_.parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, limits);
  if (progress == proto::HeadProgress::incomplete) {
    if (kept == 0) kept_.append(input);
    step.consumed = bytes.size() - kept;
    return step;
  }
  step.consumed = progress == proto::HeadProgress::complete ? head_.size() - kept : input.size();
  if (progress == proto::HeadProgress::refused) {
    step.answer = failure(std::string(proto::info_of(head_.fault()).text));
    step.answered = true;
  } else if (!head_.is_interim()) {  // else the final response is still to come (RFC 9110 §15.2)
    step.answer = answer();
    step.answered = true;
  }
  head_ = {};
  kept_.clear();
  return step;
}

OpeningAnswer ClientOpening::answer() const {
  const auto verdict = proto::judge_response(head_, request());
  switch (verdict.kind) {
    case proto::ResponseVerdict::Kind::broken:
      return failure(std::string(proto::info_of(verdict.fault).text));
    case proto::ResponseVerdict::Kind::refused: {
      RefusedResponse response{head_.status(), std::string(head_.reason()), std::string(head_.headers().lines())};
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
                                           .fields = head_.headers().lines(),
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
