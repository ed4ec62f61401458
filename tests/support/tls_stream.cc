#include "tests/support/tls_stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>
#include <utility>

namespace mote::test {

TlsStream::TlsStream(RawClient tcp, TlsEngine::Side side, const TlsSetup& setup)
    : tcp_(std::move(tcp)), tls_(side, setup) {
  const int on = 1;  // each piece goes out as it is
  ::setsockopt(tcp_.descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void TlsStream::handshake(std::string_view early) {
  try {
    for (;;) {
      const bool done = tls_.handshake();
      send_ciphertext(done ? tls_.encrypt(early) : tls_.take_output());
      if (done) return tls_.decrypt(buffer());  // what came with the other end's last flight
      tls_.feed(tcp_.read_some());
    }
  } catch (const TlsFailure&) {
    failed_ = true;
    tcp_.send_some(tls_.take_output());  // the alert
    throw;
  }
}

void TlsStream::send(std::string_view plaintext) { send_ciphertext(tls_.encrypt(plaintext)); }

void TlsStream::cut_ciphertext(std::function<bool(std::size_t)> cut_here, std::function<void()> at_cut) {
  cut_here_ = std::move(cut_here);
  at_cut_ = std::move(at_cut);
}

void TlsStream::send_ciphertext(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t piece = cut_here_ ? 1 : bytes.size();
    while (piece < bytes.size() && !cut_here_(sent_ + piece)) ++piece;
    tcp_.send(bytes.substr(0, piece));
    bytes.remove_prefix(piece);
    sent_ += piece;
    if (cut_here_ && cut_here_(sent_)) at_cut_();
  }
}

void TlsStream::receive() {
  const std::string ciphertext = tcp_.read_some();  // throws at the end
  if (failed_) return;
  tls_.feed(ciphertext);
  try {
    tls_.decrypt(buffer());
  } catch (const TlsFailure&) {
    failed_ = true;
    throw;
  }
}

void TlsStream::fill() {
  try {
    for (const std::size_t before = buffer().size(); buffer().size() == before;) receive();
  } catch (const ConnectionEnded&) {
    if (tcp_.was_reset()) note_reset();
    throw;
  }
}

bool TlsStream::readable_within(int milliseconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
  while (buffer().empty()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (!tcp_.readable_within(left.count() < 0 ? 0 : static_cast<int>(left.count()))) return false;
    try {
      receive();
    } catch (const ConnectionEnded&) {
      return true;
    }
  }
  return true;
}

int TlsStream::read_alert() {
  read_to_end();
  return tls_.alert();
}

}  // namespace mote::test
