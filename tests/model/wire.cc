#include "tests/model/wire.h"

#include <utility>

namespace mote::model {

void Wire::secure(test::TlsEngine::Side side, const test::TlsSetup& setup) {
  tls_ = std::make_unique<test::TlsEngine>(side, setup);
}

void Wire::write(std::string_view bytes) {
  if (broken_) return;
  if (!established()) {
    waiting_ += bytes;
  } else {
    socket_.write(tls_ != nullptr ? tls_->encrypt(bytes) : std::string(bytes));
  }
}

bool Wire::move() {
  const bool begins = tls_ != nullptr && !established_ && !broken_ && socket_.connected();
  if (begins) advance_tls({});
  const bool moved = socket_.move();
  if (tls_ != nullptr && !broken_) advance_tls(socket_.take_input());
  return moved;
}

/// Where it fails the other end is told why.
void Wire::advance_tls(const std::string& input) {
  try {
    tls_->feed(input);
    if (!established_) {
      established_ = tls_->handshake();
      socket_.write(tls_->take_output());
      if (established_) write(std::exchange(waiting_, {}));
    }
    if (established_ && !input.empty()) tls_->decrypt(plaintext_);
  } catch (const test::ConnectionEnded&) {
    broken_ = true;
    waiting_.clear();
  }
  socket_.write(tls_->take_output());
}

std::string Wire::take_input() { return tls_ != nullptr ? std::exchange(plaintext_, {}) : socket_.take_input(); }

bool Wire::update_key() {
  if (tls_ == nullptr || !established_ || broken_ || tls_->version() != "TLSv1.3") return false;
  socket_.write(tls_->key_update(test::TlsEngine::Answer::requested));
  return true;
}

void Wire::shut_down_writing() {
  if (tls_ != nullptr && established_ && !broken_) socket_.write(tls_->close_notify());
  socket_.move();
  socket_.shut_down_writing();
}

}  // namespace mote::model
