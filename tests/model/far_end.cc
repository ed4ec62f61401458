#include "tests/model/far_end.h"

#include <array>
#include <utility>

#include "tests/support/client_frame.h"

namespace mote::model {
namespace {

constexpr std::string_view kOffer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

FarEnd::Opening random_opening(Random& random) {
  if (random.one_in(25)) return FarEnd::Opening::silent;
  if (random.one_in(25)) return FarEnd::Opening::refused;
  return random.one_in(4) ? FarEnd::Opening::in_parts : FarEnd::Opening::whole;
}

}  // namespace

FarEnd::FarEnd(House& house, Random& random, unsigned number)
    : house_(house),
      random_(random),
      number_(number),
      opening_(random_opening(random)),
      speech_(random),
      answers_pings_(!random.one_in(6)),
      answers_close_(!random.one_in(6)),
      leaves_at_end_(!random.one_in(6)) {
  std::string lines;
  if (house.options.compression.mode != CompressionMode::off && !random.one_in(4)) lines += kOffer;
  if (opening_ == Opening::refused) lines += "bad line\r\n";
  request_ = test::upgrade_request("/" + std::to_string(number), lines);
  if (opening_ == Opening::silent) request_.resize(random_.below(request_.size()));
  last_said_ms_ = last_read_ms_ = House::now_ms();
}

void FarEnd::connect(const fault::Address& address) {
  note("connects");
  if (!socket_.connect(address)) dropped_ = true;
  if (opening_ != Opening::in_parts) ask();
}

void FarEnd::ask() {
  if (asked_) return;
  const std::size_t size =
      opening_ == Opening::in_parts && !random_.one_in(3) ? random_.below(request_.size() + 1) : request_.size();
  note("sends " + std::to_string(size) + " bytes of its request");
  socket_.write(request_.substr(0, size));
  request_.erase(0, size);
  asked_ = request_.empty() && opening_ != Opening::silent;
  last_said_ms_ = House::now_ms();
}

bool FarEnd::step() {
  const bool moved = socket_.move();
  const std::string input = socket_.take_input();
  if (!input.empty()) last_read_ms_ = House::now_ms();
  heard_ += input;
  if (status_ == 0) hear_head();
  while (status_ == 101) {
    auto read = fault::read_frame(heard_);
    if (!read) break;
    heard_.erase(0, read->size);
    hear(std::move(read->frame));
  }
  if (socket_.ended() && !dropped_ && leaves_at_end_) {
    note("sees the end, and closes");
    socket_.close();
    dropped_ = true;
  }
  return moved;
}

void FarEnd::hear_head() {
  const auto head = fault::read_head(heard_);
  if (!head) return;
  heard_.erase(0, head->size());
  status_ = std::stoi(head->substr(9, 3));
  note("is answered with " + std::to_string(status_));
  agree_on_compression(fault::field_of(*head, "Sec-WebSocket-Extensions"));
  if (status_ == 101) house_.require(has_asked(), "a request that is not correct or complete was answered with 101");
}

void FarEnd::agree_on_compression(std::string_view extensions) {
  if (extensions.empty()) return;
  inflater_ = std::make_unique<test::PeerInflater>();
  context_takeover_ = extensions.find("server_no_context_takeover") == std::string_view::npos;
  speech_.compress();
}

void FarEnd::hear(fault::FarFrame frame) {
  if (frame.compressed && inflater_ != nullptr) {
    if (!context_takeover_) inflater_->forget();
    frame.payload = inflater_->message(frame.payload);
    frame.compressed = false;
  }
  note("hears opcode " + std::to_string(frame.opcode) + " with " + std::to_string(frame.payload.size()) + " bytes");
  listener_(frame);
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
  if (left() || speech_.over()) return;
  const std::uint16_t code = random_.pick(kCodes);
  note("says Close " + std::to_string(code));
  speech_.close(code, code == 1005 ? "" : "leave");
  give(std::string::npos);
}

// ---- What it does

void FarEnd::act() {
  if (dropped_ || socket_.ended()) return;
  if (!asked_) {
    if (opening_ == Opening::silent) return;
    if (random_.one_in(5)) say_something();  // in the same packet as the end of the request
    ask();
    if (asked_ && !half_closed_) give(std::string::npos);
    return;
  }
  if (random_.one_in(12)) {
    reads_ ? stop_reading() : read_again();
  } else if (random_.one_in(25)) {
    leave_somehow();
  } else if (!half_closed_) {
    if (!random_.one_in(4)) say_something();
    give(random_.one_in(3) ? random_.below(speech_.kept_back() + 1) : std::string::npos);
  }
}

void FarEnd::stop_reading() {
  note("stops reading");
  socket_.stop_reading();
  reads_ = attentive_ = false;
}

void FarEnd::read_again() {
  note("reads again");
  socket_.read_again();
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
  const std::string bytes = speech_.give(most);
  if (bytes.empty()) return;
  note("sends " + std::to_string(bytes.size()) + " bytes, " + std::to_string(speech_.kept_back()) + " are kept back");
  last_said_ms_ = House::now_ms();
  socket_.write(bytes);
}

void FarEnd::leave_somehow() {
  if (half_closed_ || random_.one_in(2)) return drop();
  if (!socket_.all_written()) return;
  note("ends its sending");
  socket_.shut_down_writing();
  half_closed_ = true;
}

void FarEnd::drop() {
  if (dropped_) return;
  note("drops its connection");
  attentive_ = attentive_ && socket_.ended();
  socket_.close();
  dropped_ = true;
}

void FarEnd::behave() {
  if (dropped_) return;
  if (!reads_) read_again();
  if (asked_ && !half_closed_) give(std::string::npos);
}

}  // namespace mote::model
