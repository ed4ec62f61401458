#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "tests/support/raw_client.h"
#include "tests/support/tls_engine.h"

namespace mote::test {

/// TLS over a plain socket, either end. `tls()` gives records without sending them, and `tcp()` sends anything, so that
/// a test decides which bytes go out when.
class TlsStream : public PeerStream {
 public:
  /// Does the handshake; `early` goes out together with the last flight of this end. Throws TlsFailure, or
  /// ConnectionEnded where the other end goes away.
  void handshake(std::string_view early = {});

  void send(std::string_view plaintext) override;
  bool readable_within(int milliseconds) override;
  /// Throws where the other end does not take it all.
  void send_ciphertext(std::string_view bytes);
  /// From now on what goes out is cut wherever `cut_here` says so of the number of bytes sent since the beginning;
  /// `at_cut` is called before the rest.
  void cut_ciphertext(std::function<bool(std::size_t sent)> cut_here, std::function<void()> at_cut);
  /// Bytes of ciphertext since the beginning.
  [[nodiscard]] std::size_t sent_ciphertext() const { return sent_; }

  /// Reads to the end, and answers the alert of the other end, -1 for none.
  int read_alert();

  [[nodiscard]] TlsEngine& tls() { return tls_; }
  [[nodiscard]] RawClient& tcp() { return tcp_; }

 protected:
  TlsStream(RawClient tcp, TlsEngine::Side side, const TlsSetup& setup);
  void fill() override;

 private:
  void receive();  // some ciphertext, and its plaintext into buffer()

  RawClient tcp_;
  TlsEngine tls_;
  bool failed_ = false;
  std::size_t sent_ = 0;
  std::function<bool(std::size_t)> cut_here_;
  std::function<void()> at_cut_;
};

}  // namespace mote::test
