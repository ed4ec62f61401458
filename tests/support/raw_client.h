#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/support/peer_stream.h"

namespace mote::test {

/// A plain blocking socket that knows nothing of rules.
class RawClient : public PeerStream {
 public:
  explicit RawClient(std::uint16_t port, const std::string& ip = "127.0.0.1");
  explicit RawClient(const std::string& unix_socket_file);
  RawClient(RawClient&& other) noexcept;
  RawClient& operator=(RawClient&&) = delete;
  ~RawClient() override;

  /// Connected, with the opening handshake done.
  static RawClient open(std::uint16_t port, std::string_view target = "/", std::string_view lines = {});
  /// Of a connection that exists, which it closes at its end.
  static RawClient adopt(int descriptor);

  void send(std::string_view bytes) override;
  /// As much as the server takes without waiting; answers how much.
  std::size_t send_some(std::string_view bytes);
  bool readable_within(int milliseconds) override;
  /// What comes next, at least one byte.
  std::string read_some();

  void shutdown_writing();
  /// Closes with a reset.
  void reset();
  void close();
  void set_receive_buffer(int bytes);
  [[nodiscard]] int descriptor() const { return socket_; }

 private:
  RawClient() = default;
  void fill() override;

  int socket_ = -1;
};

}  // namespace mote::test
