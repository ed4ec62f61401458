#include "tests/fault/peer.h"

#include <exception>
#include <utility>

#include "tests/fault/world.h"
#include "tests/support/client_frame.h"
#include "tests/support/deflate.h"

namespace mote::fault {
namespace {

constexpr std::int64_t kAwakeMs = 10'000;

}  // namespace

struct Peer::Inflater {
  explicit Inflater(bool in_one_context) : takeover(in_one_context) {}
  test::PeerInflater inflater;
  bool takeover;
};

// ---- The script

Peer& Peer::then(Step step) {
  script_.push_back(std::move(step));
  return *this;
}

Peer& Peer::call(std::function<void()> what) {
  return then([what = std::move(what)](Peer&) {
    what();
    return true;
  });
}

Peer& Peer::accept(const FarListener& listener) {
  return then([&listener](Peer& peer) {
    const int accepted = listener.accept();
    if (accepted >= 0) peer.socket_.adopt(accepted);
    return accepted >= 0;
  });
}

Peer& Peer::secure(test::TlsEngine::Side side, const test::TlsSetup& setup) {
  return then([side, setup](Peer& peer) {
    if (peer.tls_ == nullptr) {
      peer.tls_ = std::make_unique<test::TlsEngine>(side, setup);
      peer.tls_->feed(peer.heard_);
      peer.heard_.clear();
    }
    try {
      peer.secured_ = peer.tls_->handshake();
    } catch (const std::exception&) {
      peer.socket_.write(peer.tls_->take_output());
      throw;
    }
    peer.socket_.write(peer.tls_->take_output());
    if (peer.secured_) peer.tls_->decrypt(peer.heard_);
    return peer.secured_;
  });
}

void Peer::write(std::string_view bytes) { socket_.write(tls_ != nullptr ? tls_->encrypt(bytes) : std::string(bytes)); }

Peer& Peer::say(std::string bytes) {
  return then([bytes = std::move(bytes)](Peer& peer) {
    peer.write(bytes);
    return true;
  });
}

std::string Peer::frame(unsigned opcode, std::string_view payload) const {
  return test::client_frame(opcode, payload, {.masked = !serves_});
}

Peer& Peer::send(unsigned opcode, std::string_view payload) {
  return then([opcode, payload = std::string(payload)](Peer& peer) {
    if (opcode == 8) peer.close_sent_ = true;
    peer.write(peer.frame(opcode, payload));
    return true;
  });
}

Peer& Peer::hear_head(int status) {
  return then([status](Peer& peer) {
    const auto head = read_head(peer.heard_);
    if (!head) return false;
    const std::string line = head->substr(0, head->find("\r\n"));
    if (line.find(' ' + std::to_string(status) + ' ') == std::string::npos) {
      peer.end(State::cut, "answered with " + line);
      return false;
    }
    const std::string length = field_of(*head, "Content-Length");
    const std::size_t size = head->size() + (length.empty() ? 0 : std::stoul(length));
    if (peer.heard_.size() < size) return false;
    peer.heard_.erase(0, size);
    return true;
  });
}

Peer& Peer::welcome(std::string_view lines) {
  return then([lines = std::string(lines)](Peer& peer) {
    const auto head = read_head(peer.heard_);
    if (!head) return false;
    peer.heard_.erase(0, head->size());
    peer.serves_ = true;
    peer.write(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: " +
        accept_value(field_of(*head, "Sec-WebSocket-Key")) + "\r\n" + lines + "\r\n");
    return true;
  });
}

Peer& Peer::answer(std::string response) {
  return then([response = std::move(response)](Peer& peer) {
    const auto head = read_head(peer.heard_);
    if (!head) return false;
    peer.heard_.erase(0, head->size());
    peer.write(response);
    return true;
  });
}

Peer& Peer::hear(unsigned opcode, std::string payload) {
  return then([opcode, payload = std::move(payload)](Peer& peer) {
    if (peer.stays_awake_) peer.deadline_ms_.reset();
    return peer.hear_frame([&](const FarFrame& frame) {
      return frame.opcode == opcode && frame.fin && (payload.empty() || peer.inflated(frame) == payload);
    });
  });
}

Peer& Peer::hear_bytes(std::size_t size) {
  return then([size](Peer& peer) {
    if (peer.heard_.size() < size) return false;
    peer.heard_.erase(0, size);
    return true;
  });
}

Peer& Peer::hear_close(std::uint16_t code) {
  return then([code](Peer& peer) {
    return peer.hear_frame([&](const FarFrame& frame) {
      const std::string wanted{static_cast<char>(code >> 8U), static_cast<char>(code & 0xFFU)};
      if (frame.opcode != 8 || !frame.payload.starts_with(wanted)) return false;
      if (!std::exchange(peer.close_sent_, true)) peer.write(peer.frame(8, wanted));
      return true;
    });
  });
}

Peer& Peer::hear_end() {
  return then([](Peer& peer) { return peer.socket_.ended(); });
}
Peer& Peer::close() {
  return call([this] { socket_.close(); });
}
Peer& Peer::reset() {
  return call([this] { socket_.reset(); });
}
Peer& Peer::shut_down() {
  return then([](Peer& peer) {
    if (peer.socket_.all_written()) peer.socket_.shut_down_writing();
    return peer.socket_.all_written();
  });
}
Peer& Peer::stop_reading() {
  return call([this] { socket_.stop_reading(); });
}
Peer& Peer::read_again() {
  return call([this] { socket_.read_again(); });
}
Peer& Peer::trickle() {
  return call([this] { socket_.trickle(); });
}
Peer& Peer::as_server() {
  return call([this] { serves_ = true; });
}

Peer& Peer::stay_awake() {
  return call([this] { stays_awake_ = true; });
}

Peer& Peer::wait_ms(std::int64_t milliseconds) {
  return then([milliseconds](Peer& peer) {
    const std::int64_t now = World::present()->milliseconds();
    if (!peer.deadline_ms_) peer.deadline_ms_ = now + milliseconds;
    if (now < *peer.deadline_ms_) return false;
    peer.deadline_ms_.reset();
    return true;
  });
}

Peer& Peer::inflate(bool takeover) {
  return call([this, takeover] { inflater_ = std::make_shared<Inflater>(takeover); });
}

// ---- What comes

std::string Peer::inflated(const FarFrame& frame) {
  if (!frame.compressed || inflater_ == nullptr) return frame.payload;
  if (!inflater_->takeover) inflater_->inflater.forget();
  return inflater_->inflater.message(frame.payload);
}

bool Peer::hear_frame(const std::function<bool(const FarFrame&)>& wanted) {
  while (const auto read = read_frame(heard_)) {
    heard_.erase(0, read->size);
    if (wanted(read->frame)) return true;
    if (!unexpected(read->frame)) return false;
  }
  return false;
}

/// A ping is answered, and that is all; with a Close the other end gives the conversation up.
bool Peer::unexpected(const FarFrame& frame) {
  if (frame.opcode == 10) return true;
  if (frame.opcode == 9) {
    write(this->frame(10, frame.payload));
    return true;
  }
  if (frame.opcode == 8) {
    if (!std::exchange(close_sent_, true)) write(this->frame(8, frame.payload));
    if (script_.empty()) return true;  // it has said all that it had to say
    end(State::cut, "got a Close frame");
  } else {
    end(State::wrong, "got another frame than it should: opcode " + std::to_string(frame.opcode) + ", " +
                          std::to_string(frame.payload.size()) + " bytes");
  }
  return false;
}

/// Has nothing to say, but is there.
void Peer::attend() {
  while (const auto read = read_frame(heard_)) {
    heard_.erase(0, read->size);
    if (!unexpected(read->frame)) return;
  }
  if (!stays_awake_) return;
  const std::int64_t now = World::present()->milliseconds();
  if (deadline_ms_ && now < *deadline_ms_) return;
  if (deadline_ms_) {
    write(frame(10, {}));
    was_awake_ = true;
  }
  deadline_ms_ = now + kAwakeMs;
}

void Peer::receive() {
  const std::string input = socket_.take_input();
  if (input.empty()) return;
  if (tls_ == nullptr) {
    heard_ += input;
    return;
  }
  tls_->feed(input);
  if (secured_) tls_->decrypt(heard_);
}

// ---- Its life

void Peer::begin() {
  if (state_ == State::waiting) state_ = State::acting;
}

bool Peer::step() {
  if (state_ == State::waiting) return false;
  try {
    const bool moved = socket_.move();
    if (over() || (script_.empty() && socket_.ended())) {
      if (socket_.all_written() || socket_.ended()) socket_.close();
      deadline_ms_.reset();
      return moved;
    }
    receive();
    const bool any = follow_script();
    if (script_.empty() && !over() && !socket_.ended()) attend();
    return any || moved;
  } catch (const std::exception& exception) {
    end(State::cut, exception.what());
    return true;
  }
}

bool Peer::follow_script() {
  bool any = false;
  while (!script_.empty() && !over()) {
    const Step step = script_.front();
    if (!step(*this)) break;
    any = true;
    if (!script_.empty()) script_.pop_front();
    ++done_;
  }
  if (over()) return true;
  if (!script_.empty() && socket_.ended() && socket_.connected()) {
    end(State::cut, "the connection ended");
    return true;
  }
  return any;
}

void Peer::end(State state, std::string why) {
  if (over()) return;
  state_ = state;
  why_ = std::move(why);
  if (socket_.all_written()) socket_.close();
  deadline_ms_.reset();
  script_.clear();
}

std::string Peer::report() const {
  const std::string where = name_ + " at step " + std::to_string(done_ + 1);
  return why_.empty() ? where : where + ": " + why_;
}

}  // namespace mote::fault
