#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/support/client_frame.h"

namespace mote::test {

/// A frame as it came from the other end.
struct Frame {
  unsigned opcode = 0;
  bool fin = true;
  std::string payload;
  bool compressed = false;  // RSV1
  bool operator==(const Frame&) const = default;
};

/// Thrown where more was to come from a peer that has ended the connection.
class ConnectionEnded : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Bytes to and from the peer, and what HTTP and WebSocket make of them. Each wait ends after ten seconds with a thrown
/// std::runtime_error.
class PeerStream {
 public:
  virtual ~PeerStream() = default;
  PeerStream& operator=(const PeerStream&) = delete;
  PeerStream& operator=(PeerStream&&) = delete;

  /// Throws where the peer does not take it all.
  virtual void send(std::string_view bytes) = 0;
  /// Whether something can be read within that time, the end included.
  virtual bool readable_within(int milliseconds) = 0;

  /// Sends an opening handshake and reads its 101; throws where another answer comes.
  void upgrade(std::string_view target = "/", std::string_view lines = {});
  /// A request or response head, up to and including the empty line.
  std::string read_head();
  std::string read_exactly(std::size_t size);
  /// A response with its Content-Length.
  std::string read_response();
  /// From a server: throws where it is masked, or its length is not minimal.
  Frame read_frame();
  /// Everything until the peer ends the connection; a reset counts as an end.
  std::string read_to_end();
  /// The code of the Close frame that comes next, pings aside; 1005 where it has none, 0 where the peer ends the
  /// connection without.
  std::uint16_t read_close_code();
  /// Whether the peer ended it with a reset rather than an end of stream; after read_to_end.
  [[nodiscard]] bool was_reset() const { return reset_; }
  /// From now on frames may have RSV1: permessage-deflate was agreed on.
  void expect_compression() { compression_ = true; }
  /// From now on frames are a client's: masked.
  void expect_masked() { masked_ = true; }

 protected:
  PeerStream() = default;
  PeerStream(const PeerStream&) = default;
  PeerStream(PeerStream&&) = default;

  /// More into buffer(); throws ConnectionEnded at the end of the stream.
  virtual void fill() = 0;
  [[nodiscard]] std::string& buffer() { return buffer_; }
  void note_reset() { reset_ = true; }

 private:
  bool reset_ = false;
  bool compression_ = false;
  bool masked_ = false;
  std::string buffer_;
};

}  // namespace mote::test
