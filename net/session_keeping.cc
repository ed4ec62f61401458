#include "net/evidence.h"
#include "net/session.h"
#include "proto/close_code.h"

// What a session holds, gives back when memory is wanted, and leaves as evidence; session.cc has the rest of the class.
namespace mote::net {

std::size_t Session::held_bytes() const {
  const std::size_t backlog = backlog_ != nullptr ? backlog_->capacity() : 0;
  const std::size_t head = opening_ != nullptr ? opening_->held_bytes() : 0;
  return output_.held_bytes() + transport_.backlog_bytes() + reader_.held_bytes() + deflater_.held_bytes() + backlog +
         head;
}

/// Output that waits cannot be taken back without breaking a frame in two: then nothing more is sent.
void Session::shed() {
  constexpr std::string_view text = "the server's memory budget is used up";
  if (reads_frames()) {
    const bool stuck = output_.blocked();
    fail_with(close_code::try_again_later, text, EndedBy::limit, Error(ErrorKind::limit, std::string(text)));
    reader_ = {};
    deflater_.finish();
    if (stuck) enter(Phase::gone);
  } else if (is_connecting_client()) {
    fail_opening(Error(ErrorKind::limit, std::string(text)));
  } else if (phase_ != Phase::gone) {
    log(LogLevel::warning, std::string("dropped: ").append(text));
    enter(Phase::gone);
  }
}

/// What is received, as it comes from the transport.
void Session::keep_in_mind(std::span<const std::byte> input) {
  using Before = Evidence::Before;
  if (input.empty() || (phase_ != Phase::opening && !reads_frames())) return;
  const auto* const agreed = deflater_.parameters();
  const bool remembers = agreed != nullptr && agreed->compressor_of(proto::peer_of(context_.role)).takeover;
  auto before = Before::inside;
  if (phase_ == Phase::opening) {
    if (!opening_->inside_head()) before = Before::head;
  } else if (reader_.between_frames() && !remembers) {
    before = Before::message;
  }
  context_.evidence->heard(*this, input, before);
}

std::string Session::evidence_of(int code, std::string_view rule) const {
  if (context_.evidence == nullptr) return {};
  const std::string verdict = std::to_string(code).append(" ").append(rule);
  Evidence::Case facts{.peer = peer_, .verdict = verdict, .deflate = {}};
  if (const auto* const agreed = deflater_.parameters())
    facts.deflate = agreed->compressor_of(proto::peer_of(context_.role));
  return context_.evidence->keep(*this, facts);
}

}  // namespace mote::net
