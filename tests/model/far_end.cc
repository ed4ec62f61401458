#include "tests/model/far_end.h"

#include <algorithm>
#include <array>
#include <utility>

namespace mote::model {
namespace {

FarEnd::Opening random_opening(Random& random) {
  if (random.one_in(25)) return FarEnd::Opening::silent;
  if (random.one_in(15)) return FarEnd::Opening::wrong;
  return random.one_in(4) ? FarEnd::Opening::in_parts : FarEnd::Opening::whole;
}

}  // namespace

FarEnd::FarEnd(House& house, Random& random, unsigned number, Role role)
    : house_(house),
      random_(random),
      opening_(random_opening(random)),
      speech_(random, role),
      number_(number),
      role_(role),
      answers_pings_(!random.one_in(6)),
      answers_close_(!random.one_in(6)),
      leaves_at_end_(!random.one_in(6)) {}

bool FarEnd::step() {
  const bool prepared = prepare();
  const bool moved = wire_.move();
  const std::string input = wire_.take_input();
  if (!input.empty()) last_read_ms_ = House::now_ms();
  heard_ += input;
  if (!opened() && !is_gone()) hear_opening();
  while (opened()) {
    auto read = fault::read_frame(heard_);
    if (!read) break;
    heard_.erase(0, read->size);
    hear(std::move(read->frame));
  }
  if (wire_.ended() && !is_gone() && !saw_end_ms_) saw_end_ms_ = House::now_ms();
  if (wire_.connected() && wire_.ended() && !is_gone() && leaves_at_end_) {
    note("sees the end, and closes");
    wire_.close();
    dropped_ = true;
  }
  if (!is_gone() && wire_.all_written()) rest();
  return moved || prepared;
}

void FarEnd::give_opening() {
  if (given_ || half_closed_ || words_.empty()) return;
  const bool all = opening_ != Opening::in_parts || random_.one_in(3);
  const std::size_t size = all ? words_.size() : random_.below(words_.size() + 1);
  note("sends " + std::to_string(size) + " bytes of the opening handshake");
  wire_.write(words_.substr(0, size));
  words_.erase(0, size);
  given_ = words_.empty() && opening_ != Opening::silent;
  last_said_ms_ = House::now_ms();
  if (given_) give(std::string::npos);
}

void FarEnd::agree_on_compression(Speech::Context own, Speech::Context others) {
  inflater_ = std::make_unique<test::PeerInflater>();
  context_takeover_ = others == Speech::Context::taken_over;
  speech_.compress(own);
}

void FarEnd::hear(fault::FarFrame frame) {
  if (frame.compressed && inflater_ != nullptr) {
    if (!context_takeover_) inflater_->forget();
    frame.payload = inflater_->message(frame.payload);
    frame.compressed = false;
  }
  note("hears opcode " + std::to_string(frame.opcode) + " with " + std::to_string(frame.payload.size()) + " bytes");
  listener_(frame);
  if (frame.opcode == 8) close_heard_ = true;
  if (left() || speech_.over()) return;
  if (frame.opcode == 9 && answers_pings_) {
    speech_.pong(frame.payload);
    give(std::string::npos);
  } else if (frame.opcode == 8 && answers_close_) {
    take_leave();
  }
}

void FarEnd::take_leave() {
  static constexpr std::array<std::uint16_t, 4> kCodes{1000, 1001, 4321, 1005};
  if (left() || !given_ || speech_.over()) return;
  const std::uint16_t code = random_.pick(kCodes);
  note("says Close " + std::to_string(code));
  speech_.close(code, code == 1005 ? "" : "leave");
  give(std::string::npos);
}

// ---- What it does

void FarEnd::act() {
  if (is_gone() || !wire_.connected() || wire_.ended()) return;
  if (!given_) return act_in_opening();
  if (random_.one_in(12)) {
    reads_ ? stop_reading() : read_again();
  } else if (random_.one_in(25)) {
    leave_somehow();
  } else if (random_.one_in(10)) {
    if (!half_closed_ && wire_.update_key()) last_said_ms_ = House::now_ms();
  } else if (!half_closed_) {
    if (!random_.one_in(4)) say_something();
    give(random_.one_in(3) ? random_.below(speech_.kept_back() + 1) : std::string::npos);
  }
}

/// What it says may come in the same packet as the end of the handshake.
void FarEnd::act_in_opening() {
  if (random_.one_in(25)) return leave_somehow();
  if (random_.one_in(5)) say_something();
  if (opening_ != Opening::silent) give_opening();
}

void FarEnd::stop_reading() {
  note("stops reading");
  wire_.stop_reading();
  reads_ = attentive_ = false;
}

void FarEnd::read_again() {
  note("reads again");
  wire_.read_again();
  reads_ = true;
  last_read_ms_ = reads_since_ms_ = House::now_ms();
}

/// Where it has said Close or something bad before, that counts for nothing.
void FarEnd::say_something() {
  if (half_closed_) return;
  const std::size_t times = random_.one_in(8) ? random_.between(5, 40) : 1;
  for (std::size_t i = 0; i < times; ++i) random_.one_in(8) ? speech_.ping() : speech_.message();
  if (random_.one_in(30)) speech_.bad();
  if (random_.one_in(30)) speech_.pong("unasked for");
  if (random_.one_in(20)) speech_.close(random_.one_in(3) ? close_code::no_status : 3000, {});
}

void FarEnd::give(std::size_t most) {
  const bool over = speech_.has_closed();
  const std::string bytes = speech_.give(most);
  if (bytes.empty()) return;
  // Where nobody reads that any more, TCP answers with a reset, and what was on its way to this end is lost.
  if (over && house_.secure) attentive_ = false;
  note("sends " + std::to_string(bytes.size()) + " bytes, " + std::to_string(speech_.kept_back()) + " are kept back");
  last_said_ms_ = House::now_ms();
  wire_.write(bytes);
}

void FarEnd::leave_somehow() {
  if (half_closed_ || random_.one_in(2)) return drop();
  if (!wire_.all_written() || !wire_.established()) return;
  note("ends its sending");
  wire_.shut_down_writing();
  half_closed_ = true;
}

void FarEnd::drop() {
  if (is_gone()) return;
  note("drops its connection");
  attentive_ = attentive_ && wire_.ended();
  wire_.close();
  dropped_ = true;
}

void FarEnd::finish() {
  note("ends the connection");
  wire_.close();
  finished_ = true;
}

void FarEnd::behave() {
  if (is_gone()) return;
  if (!reads_) read_again();
  if (given_ && !half_closed_) give(std::string::npos);
}

}  // namespace mote::model
