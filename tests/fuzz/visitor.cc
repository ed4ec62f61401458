#include "tests/fuzz/visitor.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "proto/violation.h"
#include "tests/differential/slow_reader.h"
#include "tests/fault/far_frames.h"
#include "tests/fuzz/input.h"
#include "tests/support/client_frame.h"
#include "tests/support/deflate.h"

namespace mote::fuzz {
namespace {

using differential::SlowReading;

constexpr std::string_view kSwitching = "HTTP/1.1 101 ";

bool begins_with(const std::vector<std::string>& whole, const std::vector<std::string>& beginning) {
  return beginning.size() <= whole.size() && std::equal(beginning.begin(), beginning.end(), whole.begin());
}

/// What the frames of a server say, each checked against what RFC 6455 lets a server send.
class Answers {
 public:
  explicit Answers(bool takeover) : takeover_(takeover) {}

  void read(std::string_view bytes) {
    while (const auto read = fault::read_frame(bytes)) {
      // Behind our Close pings are answered until the peer's has come (RFC 6455 §5.5.2).
      check(!closed || read->frame.opcode == 10);
      check((static_cast<unsigned char>(bytes[1]) & 0x80U) == 0);
      take(read->frame);
      bytes.remove_prefix(read->size);
    }
  }

  std::vector<std::string> messages;
  std::vector<std::string> pongs;
  bool closed = false;
  std::optional<unsigned> code;

 private:
  void take(const fault::FarFrame& frame) {
    check(frame.fin && (!frame.compressed || frame.opcode < 8));
    switch (frame.opcode) {
      case 1:
        return messages.push_back("text:" + plain(frame));
      case 2:
        return messages.push_back("binary:" + plain(frame));
      case 8:
        return take_close(frame.payload);
      case 10:
        return pongs.push_back("ping:" + frame.payload);
      default:
        check(frame.opcode == 9);
    }
  }

  void take_close(std::string_view payload) {
    closed = true;
    const auto close = bytes_of(payload);
    check(payload.size() != 1 && payload.size() <= 125);
    if (!payload.empty()) code = std::to_integer<unsigned>(close[0]) << 8 | std::to_integer<unsigned>(close[1]);
  }

  std::string plain(const fault::FarFrame& frame) {
    if (!frame.compressed) return frame.payload;
    std::string message = inflater_.message(frame.payload);
    if (!takeover_) inflater_.forget();
    return message;
  }

  bool takeover_;
  test::PeerInflater inflater_;
};

SlowReading read_slowly(std::string_view stream, const Options& options, bool deflate) {
  differential::TestCase test;
  test.rules = {options.max_message_bytes, options.max_fragments, std::nullopt};
  if (deflate) test.rules.deflate = {options.compression.client_context_takeover, 15};
  return differential::read_slowly(test, stream);
}

/// Whether some rule that the stream breaks asks for that code.
bool asks_for(const SlowReading& reading, std::uint16_t code) {
  return std::any_of(reading.broken.begin(), reading.broken.end(),
                     [code](proto::Violation rule) { return proto::info_of(rule).close_code == code; });
}

}  // namespace

void Visitor::ask(std::string_view lines) {
  const bool first = wire_.said().empty();
  wire_.say(test::upgrade_request("/", lines));
  if (first) frames_begin_ = wire_.said().size();
}

void Visitor::opened(Handle handle) {
  check(!opened_);
  opened_ = true;
  handle_ = std::move(handle);
}

void Visitor::heard(std::string event) {
  check(is_open());
  events_.push_back(std::move(event));
}

void Visitor::closed(const CloseInfo& why) {
  check(is_open());
  closed_ = true;
  why_ = why;
  why_.reason = {};
  reason_ = why.reason;
}

void Visitor::check_all(const Options& options) const {
  check(opened_ == closed_);
  if (!opened_) return;
  if (frames_begin_ != 0) check_events(options);
  check_answers();
}

/// The server was told what was said, up to where it stopped listening.
void Visitor::check_events(const Options& options) const {
  const bool offered =
      std::string_view(wire_.said()).substr(0, frames_begin_).find("permessage-deflate") != std::string_view::npos;
  const bool deflate = offered && options.compression.mode != CompressionMode::off;
  const SlowReading slow = read_slowly(std::string_view(wire_.said()).substr(frames_begin_), options, deflate);
  check(begins_with(slow.events, events_));
  const bool refused = why_.by == EndedBy::protocol_error;
  check(!refused || slow.header_unfinished || asks_for(slow, why_.code));
  if (why_.by != EndedBy::peer) return;
  check(why_.clean && slow.close_code.has_value() && slow.broken.empty() && slow.events.size() == events_.size() + 1);
  check(slow.events.back() == "close:" + std::to_string(why_.code) + ":" + reason_);
}

/// What was sent to it came in that order and whole, and nothing else: up to a cut, or to the Close frame.
void Visitor::check_answers() const {
  const std::string_view heard = wire_.heard();
  const std::size_t begin = heard.find(kSwitching);
  if (begin == std::string_view::npos) return;  // it took nothing
  const auto head = fault::read_head(heard.substr(begin));
  if (!head) return;
  Answers answers(fault::field_of(*head, "Sec-WebSocket-Extensions").find("server_no_context_takeover") ==
                  std::string::npos);
  answers.read(heard.substr(begin + head->size()));
  check_answered(answers.messages, answers.closed);
  // Not every ping is answered, but each pong answers one, in their order.
  auto from = events_.begin();
  for (const std::string& pong : answers.pongs) {
    from = std::find(from, events_.end(), pong);
    if (from == events_.end()) break;  // one that came after our Close, which on_ping is not told
    ++from;
  }
}

void Visitor::check_answered(const std::vector<std::string>& answers, bool closed) const {
  check(begins_with(sent_, answers));
  check(!closed || answers.size() == sent_.size());
}

}  // namespace mote::fuzz
