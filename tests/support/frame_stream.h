#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto/message_reader.h"
#include "proto/violation.h"
#include "tests/support/feed.h"

namespace mote::test {

/// First bytes of frames: FIN and opcode (RFC 6455 §5.2).
inline constexpr unsigned kFin = 0x80;
inline constexpr unsigned kText = 0x1;
inline constexpr unsigned kBinary = 0x2;
inline constexpr unsigned kMore = 0x0;  // a continuation
inline constexpr unsigned kClose = 0x8;
inline constexpr unsigned kPing = 0x9;
inline constexpr unsigned kPong = 0xA;

enum class LengthForm : std::uint8_t { shortest, two_bytes, eight_bytes };

/// A frame as a peer might write it, legal or not, masked where its reader wants that.
struct WireFrame {
  unsigned first = 0;                                     ///< FIN, reserved bits, opcode.
  std::string payload;                                    ///< What follows the header: as a rule all that is announced.
  std::optional<std::uint64_t> announced = std::nullopt;  ///< Another length than the payload's.
  LengthForm form = LengthForm::shortest;
  bool wrongly_masked = false;                             ///< Unmasked for a server, masked for a client.
  std::optional<std::size_t> header_bytes = std::nullopt;  ///< Cut after so many bytes of the header.
};

inline void append_length(std::string& out, std::uint64_t length, LengthForm form, unsigned mask_bit) {
  if (form == LengthForm::shortest && length > 0xFFFF) form = LengthForm::eight_bytes;
  if (form == LengthForm::shortest && length > 125) form = LengthForm::two_bytes;
  const unsigned size = form == LengthForm::eight_bytes ? 8 : form == LengthForm::two_bytes ? 2 : 0;
  out += static_cast<char>(mask_bit | (size == 8 ? 127U : size == 2 ? 126U : static_cast<unsigned>(length)));
  for (unsigned i = size; i-- > 0;) out += static_cast<char>(length >> (8 * i) & 0xFF);
}

inline void append_frame(std::string& out, proto::Role reader, const WireFrame& frame) {
  const bool masked = (reader == proto::Role::server) != frame.wrongly_masked;
  const std::uint64_t length = frame.announced.value_or(frame.payload.size());
  std::string header(1, static_cast<char>(frame.first));
  append_length(header, length, frame.form, masked ? 0x80U : 0U);
  std::string payload = frame.payload;
  if (masked) {
    // Another key for each frame: one that is kept by mistake shows.
    const auto seed = static_cast<unsigned>(out.size()) * 2654435761U + 0x37FA213DU;
    for (unsigned i = 0; i < 4; ++i) header += static_cast<char>(seed >> (8 * i) & 0xFF);
    const std::string key = header.substr(header.size() - 4);
    for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ key[i % 4]);
  }
  out += frame.header_bytes ? header.substr(0, *frame.header_bytes) : header + payload;
}

inline std::string stream_of(proto::Role reader, const std::vector<WireFrame>& frames) {
  std::string stream;
  for (const WireFrame& frame : frames) append_frame(stream, reader, frame);
  return stream;
}

/// What a reader made of a stream.
struct Outcome {
  std::vector<std::string> events;  ///< `text:…`, `binary:…`, `ping:…`, `pong:…`, `close:1000:…`
  proto::Violation violation = proto::Violation::none;
  std::size_t arrived = 0;  ///< Bytes that had arrived when it ended: at a violation or a Close, else all.

  bool operator==(const Outcome&) const = default;
};

inline void PrintTo(const Outcome& outcome, std::ostream* out) {
  for (const std::string& event : outcome.events) {
    *out << '[' << event.substr(0, 60) << "](" << event.size() << ") ";
  }
  *out << "violation " << static_cast<int>(outcome.violation) << " after " << outcome.arrived;
}

/// Notes what a reader finds, and says stop after `events_at_once` events and at a Close.
class Recorder {
 public:
  explicit Recorder(std::size_t events_at_once = static_cast<std::size_t>(-1)) : left_(events_at_once) {}

  bool on_data(proto::Opcode opcode, std::span<std::byte> bytes) {
    return note(opcode == proto::Opcode::text ? "text:" : "binary:", bytes);
  }
  bool on_control(proto::Opcode opcode, std::span<std::byte> bytes) {
    return note(opcode == proto::Opcode::ping ? "ping:" : "pong:", bytes);
  }
  bool on_close_frame(const proto::ClosePayload& close) {
    closed = true;
    events.push_back(std::string("close:").append(std::to_string(close.code)).append(":").append(close.reason));
    return false;
  }

  std::vector<std::string> events;
  bool closed = false;

 private:
  bool note(std::string_view kind, std::span<std::byte> bytes) {
    std::string& event = events.emplace_back(kind);
    event.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    std::fill(bytes.begin(), bytes.end(), std::byte{'!'});  // they are the sink's to write to
    return --left_ != 0;
  }

  std::size_t left_;
};

inline std::span<std::byte> bytes_of(ExactBlock& block) {
  return std::as_writable_bytes(std::span(block.data(), block.view().size()));
}

template <class Sink>
proto::MessageReader::Result read_as(proto::Role role, proto::MessageReader& reader, std::span<std::byte> input,
                                     const proto::MessageRules& limits, Sink& sink) {
  if (role == proto::Role::server) return reader.read<proto::Role::server>(input, limits, sink);
  return reader.read<proto::Role::client>(input, limits, sink);
}

/// Feeds a stream to a reader, each read in a block of its own.
class StreamFeeder {
 public:
  StreamFeeder(proto::Role role, std::string_view stream, const proto::MessageRules& limits)
      : role_(role), stream_(stream), limits_(limits) {}

  /// Up to so many bytes of the stream. Does nothing once it has ended.
  void feed_to(std::size_t arrived, std::size_t events_at_once = static_cast<std::size_t>(-1)) {
    while (!over() && outcome_.arrived < arrived) {
      ExactBlock block(stream_.substr(outcome_.arrived, arrived - outcome_.arrived));
      Recorder sink(events_at_once);
      const auto result = read_as(role_, reader_, bytes_of(block), limits_, sink);
      take(sink, result.violation, result.violation == proto::Violation::none ? result.consumed : block.view().size());
      stuck_ = stuck_ || (result.consumed == 0 && sink.events.empty());
    }
  }

  /// The same, straight into the reader's own memory where it offers some: `size` bytes at most.
  void feed_directly(std::size_t size) {
    const std::span<std::byte> room = reader_.direct_room();
    if (over()) return;
    size = std::min(size, stream_.size() - outcome_.arrived);
    if (room.empty()) return feed_to(outcome_.arrived + size);
    size = std::min(size, room.size());
    const std::string_view piece = stream_.substr(outcome_.arrived, size);
    std::copy_n(std::as_bytes(std::span(piece)).begin(), size, room.begin());
    Recorder sink;
    const proto::Violation violation = reader_.commit_direct(size, limits_, sink);
    direct_bytes += size;
    take(sink, violation, size);
  }

  /// A violation, a Close, the end of the stream, or a reader that takes nothing and says nothing.
  [[nodiscard]] bool over() const {
    return stuck_ || closed_ || outcome_.violation != proto::Violation::none || outcome_.arrived == stream_.size();
  }
  [[nodiscard]] bool stuck() const { return stuck_; }
  [[nodiscard]] const Outcome& outcome() const { return outcome_; }
  [[nodiscard]] proto::MessageReader& reader() { return reader_; }

  std::size_t direct_bytes = 0;

 private:
  void take(Recorder& sink, proto::Violation violation, std::size_t consumed) {
    outcome_.events.insert(outcome_.events.end(), sink.events.begin(), sink.events.end());
    outcome_.violation = violation;
    outcome_.arrived += consumed;
    closed_ = closed_ || sink.closed;
  }

  proto::Role role_;
  std::string_view stream_;
  proto::MessageRules limits_;
  proto::MessageReader reader_;
  Outcome outcome_;
  bool closed_ = false;
  bool stuck_ = false;
};

inline Outcome outcome_of(proto::Role role, std::string_view stream, const Feeding& feeding,
                          const proto::MessageRules& limits,
                          std::size_t events_at_once = static_cast<std::size_t>(-1)) {
  StreamFeeder feeder(role, stream, limits);
  for (const std::size_t arrived : feeding) feeder.feed_to(arrived, events_at_once);
  return feeder.outcome();
}

}  // namespace mote::test
