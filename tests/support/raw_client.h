#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace mote::test {

/// A frame as it came from the server.
struct Frame {
  unsigned opcode = 0;
  bool fin = true;
  std::string payload;
  bool compressed = false;  // RSV1
  bool operator==(const Frame&) const = default;
};

/// How a client ends up a header: everything about a frame that a test may want to get wrong.
struct FrameBits {
  bool fin = true;
  unsigned reserved = 0;  // RSV1 is 4
  bool masked = true;
  std::uint32_t key = 0x37FA213D;
  unsigned length_bytes = 0;                              // 0: the shortest form; 2 or 8: that extended form
  std::optional<std::uint64_t> announced = std::nullopt;  // in place of the payload's size
};

/// The bytes of a frame from a client.
std::string client_frame(unsigned opcode, std::string_view payload, const FrameBits& bits = {});
inline std::string text_frame(std::string_view payload) { return client_frame(1, payload); }
/// A Close frame with a code and a reason.
std::string close_frame(std::uint16_t code, std::string_view reason = {});
/// A correct opening handshake; `lines`: further header lines, each ended by CR LF.
std::string upgrade_request(std::string_view target = "/", std::string_view lines = {});

/// Thrown where more was to come from a server that has ended the connection.
class ConnectionEnded : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A plain blocking socket that knows nothing of rules. Each wait ends after ten seconds with a thrown
/// std::runtime_error.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port, const std::string& ip = "127.0.0.1");
  explicit RawClient(const std::string& unix_socket_file);
  RawClient(RawClient&& other) noexcept;
  RawClient& operator=(RawClient&&) = delete;
  ~RawClient();

  /// Connected, with the opening handshake done.
  static RawClient open(std::uint16_t port, std::string_view target = "/", std::string_view lines = {});

  /// Throws where the server does not take it all.
  void send(std::string_view bytes);
  /// As much as the server takes without waiting; answers how much.
  std::size_t send_some(std::string_view bytes);
  /// A response head, up to and including the empty line.
  std::string read_head();
  std::string read_exactly(std::size_t size);
  /// A response with its Content-Length.
  std::string read_response();
  Frame read_frame();
  /// Everything until the server ends the connection; a reset counts as an end.
  std::string read_to_end();
  /// Whether something can be read within that time.
  bool readable_within(int milliseconds);
  /// The code of the Close frame that comes next, pings aside; 1005 where it has none, 0 where the server ends the
  /// connection without.
  std::uint16_t read_close_code();
  /// Whether the server ended it with a reset rather than an end of stream; after read_to_end.
  [[nodiscard]] bool was_reset() const { return reset_; }

  /// From now on frames may have RSV1: permessage-deflate was agreed on.
  void expect_compression() { compression_ = true; }
  void shutdown_writing();
  /// Closes with a reset.
  void reset();
  void close();
  void set_receive_buffer(int bytes);
  [[nodiscard]] int descriptor() const { return socket_; }

 private:
  RawClient() = default;
  void fill();  // more into buffer_; throws at the end of the stream

  int socket_ = -1;
  bool reset_ = false;
  bool compression_ = false;
  std::string buffer_;
};

}  // namespace mote::test
