#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "tests/fault/far_socket.h"
#include "tests/support/tls_engine.h"

namespace mote::model {

/// A far end's socket, with TLS over it where that is wanted.
class Wire {
 public:
  /// What is written and read from now on goes through TLS, which begins with the next `move`.
  void secure(test::TlsEngine::Side side, const test::TlsSetup& setup);
  bool connect(const fault::Address& address) { return socket_.connect(address); }
  void adopt(int descriptor) { socket_.adopt(descriptor); }

  void write(std::string_view bytes);
  /// Bytes that are no TLS where that is spoken.
  void write_raw(std::string_view bytes) { socket_.write(bytes); }
  /// Writes and reads what can be at once; whether that was anything.
  bool move();
  [[nodiscard]] std::string take_input();
  void stop_reading() { socket_.stop_reading(); }
  void read_again() { socket_.read_again(); }
  /// Changes the key, and asks for the same, where there is TLS 1.3; else answers false.
  bool update_key();
  /// Over TLS close_notify comes before.
  void shut_down_writing();
  void close() { socket_.close(); }

  [[nodiscard]] bool connected() const { return socket_.connected(); }
  /// The other end has ended or reset the connection, or TLS has failed, and all that came before was read.
  [[nodiscard]] bool ended() const { return broken_ || socket_.ended(); }
  [[nodiscard]] bool all_written() const { return waiting_.empty() && socket_.all_written(); }
  /// There is no TLS, or its handshake is done.
  [[nodiscard]] bool established() const { return tls_ == nullptr || established_; }

 private:
  void advance_tls(const std::string& input);

  fault::FarSocket socket_;
  std::unique_ptr<test::TlsEngine> tls_;
  std::string waiting_;  // for the end of the handshake
  std::string plaintext_;
  bool established_ = false;
  bool broken_ = false;
};

}  // namespace mote::model
