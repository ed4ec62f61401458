#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/conformance/deflate_codec.h"
#include "tests/conformance/deflate_terms.h"
#include "tests/conformance/masking_keys.h"
#include "tests/support/raw_client.h"

namespace mote::conformance {

/// Opcodes (RFC 6455 §5.2).
inline constexpr unsigned kContinuation = 0;
inline constexpr unsigned kText = 1;
inline constexpr unsigned kBinary = 2;
inline constexpr unsigned kClose = 8;
inline constexpr unsigned kPing = 9;
inline constexpr unsigned kPong = 10;

/// As sent: a frame, legal or not. As received: a control frame, or a whole message.
struct Frame {
  unsigned opcode = kText;
  std::string payload = {};
  bool fin = true;
  unsigned reserved = 0;  ///< RSV1 is 4.

  bool operator==(const Frame&) const = default;
};

inline Frame text(std::string payload = {}) { return {kText, std::move(payload)}; }
inline Frame binary(std::string payload = {}) { return {kBinary, std::move(payload)}; }
inline Frame ping(std::string payload = {}) { return {kPing, std::move(payload)}; }
inline Frame pong(std::string payload = {}) { return {kPong, std::move(payload)}; }
inline Frame first_of_text(std::string payload) { return {kText, std::move(payload), false}; }
inline Frame more(std::string payload) { return {kContinuation, std::move(payload), false}; }
inline Frame last(std::string payload) { return {kContinuation, std::move(payload)}; }
/// A Close frame with a code and a reason; the reason may be anything.
Frame close_of(unsigned code, std::string_view reason = {});

/// What a failed case prints: kind, length, and the payload where it is short.
std::string describe(const Frame& frame);

/// Into how many writes the octets are cut.
struct Chops {
  enum class Between : std::uint8_t { nothing, frames, octets };
  Between cut = Between::nothing;
  std::size_t octets = 0;  ///< Of each piece; no piece has octets of two frames.
};
inline constexpr Chops kTogether{};
inline constexpr Chops kFrameWise{Chops::Between::frames};
inline constexpr Chops chops_of(std::size_t octets) { return {Chops::Between::octets, octets}; }
inline constexpr Chops kOctetWise = chops_of(1);

/// What came is not what a case demands; the text says both.
class Failure : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// This end of an open WebSocket connection: sends what a case says, and holds what the other end sends, the one under
/// test, against RFC 6455 and the case. It masks as its role demands, so that a case need not know which end it is.
///
/// Each wait is bounded; what is not met is thrown as a Failure, or as std::runtime_error by the socket.
class Peer {
 public:
  enum class Role : std::uint8_t { client, server };

  /// `socket`: the opening handshake is done. `deflate`: what was negotiated in it.
  Peer(test::RawClient socket, Role role, const std::optional<DeflateTerms>& deflate);

  /// The octets of a frame, masked or not.
  std::string encode(const Frame& frame);
  /// Octets as they are, in one piece.
  void write(std::string_view octets) { socket_.send(octets); }
  void send(const std::vector<Frame>& frames, Chops chops = kTogether);
  /// A legal message, compressed where that was negotiated, in frames of at most `fragment_octets` (0: in one).
  void send_message(const Frame& message, std::size_t fragment_octets = 0);

  /// The next control frame or whole message, inflated; none at the end of the connection.
  std::optional<Frame> receive();

  void expect(const Frame& frame);
  /// A Close frame with this code (1005: without one) comes next, then the other end ends TCP in good order, without
  /// waiting for this end, and there is nothing else. But a client whose Close answers that of this end, a server,
  /// waits for it to end TCP first (RFC 6455 §7.1.1); one that fails the connection (§7.1.7) does not.
  void expect_close(unsigned code);
  /// The closing handshake, begun by this end.
  void close_normally();
  /// Nothing comes for so long.
  void expect_silence(std::chrono::milliseconds pause);

  /// Messages that came compressed.
  [[nodiscard]] std::size_t compressed_received() const { return compressed_received_; }

 private:
  struct Header {
    Frame frame;
    std::uint64_t size = 0;
  };
  std::optional<Header> read_header();
  void check(const Header& header) const;
  void unmask(Frame& frame, std::string_view key);
  Frame finish_message();
  void end_first();
  void expect_end();

  test::RawClient socket_;
  Role role_;
  std::mt19937 keys_{20'260'101};
  std::optional<Compressor> compressor_;
  std::optional<Decompressor> decompressor_;
  MaskingKeys masking_keys_;             // of the frames received
  std::optional<unsigned> closed_with_;  // the code of this end's Close; 1005: without one
  std::optional<Frame> message_;         // begun and not complete
  std::size_t compressed_received_ = 0;
};

}  // namespace mote::conformance
