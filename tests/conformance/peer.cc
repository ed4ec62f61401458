#include "tests/conformance/peer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace mote::conformance {
namespace {

// Below the close timeout of the end under test: one that waits for our answer to its Close before it ends TCP is late.
constexpr std::chrono::milliseconds kEndPatience{4'000};
// A client that does not wait for its server to end TCP first does so right behind its Close.
constexpr int kEndsFirstMs = 20;
constexpr std::size_t kLongestShown = 64;
constexpr unsigned kRsv1 = 4;

bool is_control(unsigned opcode) { return opcode >= 8; }

std::string name_of(unsigned opcode) {
  constexpr std::array<std::string_view, 16> names = {"continuation", "text", "binary", "", "", "", "", "",
                                                      "Close",        "ping", "pong",   "", "", "", "", ""};
  const std::string_view name = names.at(opcode & 0xF);
  return name.empty() ? "opcode " + std::to_string(opcode) : std::string(name);
}

std::string hex_of(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex = "0x";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += digits[byte >> 4];
    hex += digits[byte & 0xF];
  }
  return hex;
}

std::uint64_t number_of(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

/// Of a Close frame; 1005 where it has none. Nothing where it is malformed.
std::optional<unsigned> code_in(const Frame& close) {
  const std::string_view payload = close.payload;
  if (payload.empty()) return 1005;
  if (payload.size() == 1) return std::nullopt;
  return static_cast<unsigned>(number_of(payload.substr(0, 2)));
}

std::optional<WindowRules> rules_of_client(const std::optional<DeflateTerms>& deflate) {
  if (!deflate) return std::nullopt;
  return WindowRules{deflate->client_window_bits, !deflate->client_no_context_takeover};
}

std::optional<WindowRules> rules_of_server(const std::optional<DeflateTerms>& deflate) {
  if (!deflate) return std::nullopt;
  return WindowRules{deflate->server_window_bits, !deflate->server_no_context_takeover};
}

}  // namespace

Frame close_of(unsigned code, std::string_view reason) {
  Frame frame{kClose};
  frame.payload += static_cast<char>(code >> 8);
  frame.payload += static_cast<char>(code & 0xFF);
  frame.payload.append(reason);
  return frame;
}

std::string describe(const Frame& frame) {
  std::string shown = name_of(frame.opcode);
  if (frame.opcode == kClose && frame.payload.size() >= 2) {
    shown += ' ' + std::to_string(number_of(std::string_view(frame.payload).substr(0, 2)));
    return frame.payload.size() == 2 ? shown : shown + " \"" + frame.payload.substr(2) + '"';
  }
  shown += " of " + std::to_string(frame.payload.size()) + " octets";
  if (!frame.payload.empty() && frame.payload.size() <= kLongestShown) shown += ' ' + hex_of(frame.payload);
  return shown;
}

Peer::Peer(test::RawClient socket, Role role, const std::optional<DeflateTerms>& deflate)
    : socket_(std::move(socket)), role_(role) {
  // Each piece is to leave at once.
  const int on = 1;
  ::setsockopt(socket_.descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const bool client = role == Role::client;
  if (const auto rules = client ? rules_of_client(deflate) : rules_of_server(deflate)) compressor_.emplace(*rules);
  if (const auto rules = client ? rules_of_server(deflate) : rules_of_client(deflate)) decompressor_.emplace(*rules);
}

std::string Peer::encode(const Frame& frame) {
  if (frame.opcode == kClose && !closed_with_) closed_with_ = code_in(frame);
  return test::client_frame(frame.opcode, frame.payload,
                            {.fin = frame.fin,
                             .reserved = frame.reserved,
                             .masked = role_ == Role::client,
                             .key = static_cast<std::uint32_t>(keys_())});
}

void Peer::send(const std::vector<Frame>& frames, Chops chops) {
  std::string together;
  for (const Frame& frame : frames) {
    const std::string octets = encode(frame);
    if (chops.cut == Chops::Between::nothing) {
      together += octets;
      continue;
    }
    const std::size_t step = chops.cut == Chops::Between::octets ? chops.octets : octets.size();
    for (std::size_t begin = 0; begin < octets.size(); begin += step)
      write(std::string_view(octets).substr(begin, step));
  }
  write(together);
}

void Peer::send_message(const Frame& message, std::size_t fragment_octets) {
  const std::string payload = compressor_ ? compressor_->compress(message.payload) : message.payload;
  const std::size_t step = fragment_octets == 0 ? std::max<std::size_t>(payload.size(), 1) : fragment_octets;
  std::vector<Frame> frames;
  for (std::size_t begin = 0; begin == 0 || begin < payload.size(); begin += step) {
    const bool first = begin == 0;
    frames.push_back({.opcode = first ? message.opcode : kContinuation,
                      .payload = payload.substr(begin, step),
                      .fin = begin + step >= payload.size(),
                      .reserved = first && compressor_ ? kRsv1 : 0});
  }
  send(frames);
}

std::optional<Peer::Header> Peer::read_header() {
  std::string first;
  try {
    first = socket_.read_exactly(1);
  } catch (const test::ConnectionEnded&) {
    if (socket_.was_reset()) throw Failure("the connection was reset");
    return std::nullopt;
  }
  const auto bits = static_cast<unsigned char>(first[0]);
  const auto low = static_cast<unsigned char>(socket_.read_exactly(1)[0]);
  if ((low & 0x80U) != 0 && role_ == Role::client) throw Failure("a masked frame from a server");
  if ((low & 0x80U) == 0 && role_ == Role::server) throw Failure("an unmasked frame from a client");
  Header header{{bits & 0xFU, {}, (bits & 0x80U) != 0, bits >> 4 & 7U}, low & 0x7FU};
  if (header.size >= 126) {
    const std::size_t length_octets = header.size == 126 ? 2 : 8;
    header.size = number_of(socket_.read_exactly(length_octets));
    const std::uint64_t least = length_octets == 2 ? 126 : 65536;
    if (header.size < least) throw Failure("a length in a longer form than it needs");
  }
  return header;
}

void Peer::check(const Header& header) const {
  const Frame& frame = header.frame;
  const std::string name = "a frame of type " + name_of(frame.opcode);
  const bool data = frame.opcode <= kBinary;
  if (!data && (frame.opcode < kClose || frame.opcode > kPong)) throw Failure(name);
  if (is_control(frame.opcode) && (!frame.fin || header.size > 125)) throw Failure(name + ", fragmented or too long");
  const bool may_compress = decompressor_ && (frame.opcode == kText || frame.opcode == kBinary);
  if ((frame.reserved & ~(may_compress ? kRsv1 : 0U)) != 0) throw Failure(name + " with a reserved bit");
  if (data && (frame.opcode == kContinuation) != message_.has_value()) {
    throw Failure(name + (message_ ? " inside a message" : " without a message to continue"));
  }
}

void Peer::unmask(Frame& frame, std::string_view key) {
  masking_keys_.take(key);
  for (std::size_t i = 0; i < frame.payload.size(); ++i) {
    frame.payload[i] = static_cast<char>(frame.payload[i] ^ key[i % 4]);
  }
}

Frame Peer::finish_message() {
  Frame message = *std::exchange(message_, std::nullopt);
  message.fin = true;
  if (std::exchange(message.reserved, 0U) == 0) return message;
  ++compressed_received_;
  message.payload = decompressor_->decompress(std::move(message.payload));
  return message;
}

std::optional<Frame> Peer::receive() {
  while (auto header = read_header()) {
    check(*header);
    Frame& frame = header->frame;
    const std::string key = role_ == Role::server ? socket_.read_exactly(4) : std::string();
    frame.payload = socket_.read_exactly(header->size);
    if (role_ == Role::server) unmask(frame, key);
    if (is_control(frame.opcode)) return frame;
    if (message_) {
      message_->payload += frame.payload;
    } else {
      message_ = std::move(frame);
    }
    if (header->frame.fin) return finish_message();
  }
  if (message_) throw Failure("the connection ended inside a message");
  return std::nullopt;
}

void Peer::expect(const Frame& frame) {
  std::optional<Frame> came;
  try {
    came = receive();
  } catch (const std::runtime_error& error) {
    throw Failure("expected " + describe(frame) + "; " + error.what());
  }
  if (!came) throw Failure("expected " + describe(frame) + "; the connection ended");
  if (*came == frame) return;
  std::string difference;
  if (came->payload.size() == frame.payload.size() && came->opcode == frame.opcode) {
    const auto at = std::mismatch(frame.payload.begin(), frame.payload.end(), came->payload.begin()).first;
    difference = ", different from octet " + std::to_string(at - frame.payload.begin()) + " on";
  }
  throw Failure("expected " + describe(frame) + "; came " + describe(*came) + difference);
}

void Peer::expect_close(unsigned code) {
  const std::string wanted = code == 1005 ? "Close without a code" : "Close " + std::to_string(code);
  std::optional<Frame> came;
  try {
    came = receive();
  } catch (const std::runtime_error& error) {
    throw Failure("expected " + wanted + "; " + error.what());
  }
  if (!came) throw Failure("expected " + wanted + "; the connection ended without");
  const std::string payload = code == 1005 ? std::string() : close_of(code).payload;
  if (came->opcode != kClose || (payload.empty() ? !came->payload.empty() : !came->payload.starts_with(payload))) {
    throw Failure("expected " + wanted + "; came " + describe(*came));
  }
  if (role_ == Role::server && closed_with_ == code) end_first();
  expect_end();
}

void Peer::end_first() {
  if (socket_.readable_within(kEndsFirstMs)) {
    throw Failure("expected a client that waits for its server to end TCP; came octets, or the end");
  }
  socket_.shutdown_writing();
}

void Peer::expect_end() {
  if (!socket_.readable_within(kEndPatience.count())) throw Failure("expected the end of TCP after Close; still open");
  const std::string rest = socket_.read_to_end();
  if (!rest.empty())
    throw Failure("expected the end of TCP after Close; came " + std::to_string(rest.size()) + " octets");
  if (socket_.was_reset()) throw Failure("expected the end of TCP after Close; it was reset");
}

void Peer::close_normally() {
  send({close_of(1000)});
  expect_close(1000);
}

void Peer::expect_silence(std::chrono::milliseconds pause) {
  if (!socket_.readable_within(static_cast<int>(pause.count()))) return;
  const auto came = receive();
  throw Failure("expected nothing yet; " + (came ? "came " + describe(*came) : std::string("the connection ended")));
}

}  // namespace mote::conformance
