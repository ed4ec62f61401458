#include "tests/differential/slow_reader.h"

#include <algorithm>
#include <utility>

#include "tests/differential/random_text.h"

namespace mote::differential {
namespace {

using enum proto::Violation;
using proto::Violation;

// Beyond the limit as much again comes out of the inflater as Beast asks for at once.
constexpr std::size_t kBeyondLimit = 600'000;
constexpr std::size_t kLargestWindow = 32 * 1024;

struct Header {
  unsigned first = 0;
  unsigned second = 0;
  std::size_t length_bytes = 0;  // behind the second byte
  std::uint64_t length = 0;
  std::size_t size = 0;

  [[nodiscard]] bool fin() const { return (first & 0x80) != 0; }
  [[nodiscard]] bool rsv1() const { return (first & 0x40) != 0; }
  [[nodiscard]] unsigned opcode() const { return first & 0x0F; }
  [[nodiscard]] bool masked() const { return (second & 0x80) != 0; }
  [[nodiscard]] bool control() const { return opcode() >= 8; }
};

unsigned byte_at(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

// False where the stream ends inside of it.
bool read_header(std::string_view from, Header& header) {
  if (from.size() < 2) return false;
  header.first = byte_at(from, 0);
  header.second = byte_at(from, 1);
  const unsigned length = header.second & 0x7F;
  header.length_bytes = length == 127 ? 8 : length == 126 ? 2 : 0;
  header.size = 2 + header.length_bytes + (header.masked() ? 4 : 0);
  if (from.size() < header.size) return false;
  header.length = header.length_bytes == 0 ? length : 0;
  for (std::size_t i = 0; i < header.length_bytes; ++i) header.length = header.length << 8 | byte_at(from, 2 + i);
  return true;
}

// So much of the payload as has come.
std::string unmasked(const Header& header, std::string_view frame) {
  std::string payload(frame.substr(
      header.size, static_cast<std::size_t>(std::min<std::uint64_t>(header.length, frame.size() - header.size))));
  if (!header.masked()) return payload;
  const std::string_view key = frame.substr(header.size - 4, 4);
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ key[i % 4]);
  return payload;
}

// RFC 6455 §7.4 and the registry of IANA.
bool may_be_received(unsigned code) {
  const bool registered = code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
  return registered || (code >= 3000 && code < 5000);
}

class SlowReader {
 public:
  SlowReader(const TestCase& test, std::string_view stream) : test_(test), rules_(test.rules), stream_(stream) {}

  SlowReading read() {
    while (reading_.broken.empty() && !closed_ && !stream_.empty()) {
      Header header;
      reading_.header_unfinished = !read_header(stream_, header);
      if (reading_.header_unfinished) break;
      check_header(header);
      if (!reading_.broken.empty()) break;
      const std::string payload = unmasked(header, stream_);
      const bool complete = payload.size() == header.length;
      if (!header.control()) {
        take_data(header, payload, complete);
      } else if (complete) {
        take_control(header, payload);
      }
      if (!complete) break;
      stream_.remove_prefix(header.size + payload.size());
    }
    reading_.compressed_unfinished = open_ && compressed_;
    return std::move(reading_);
  }

 private:
  void check(bool breaks, Violation rule) {
    if (breaks) reading_.broken.push_back(rule);
  }

  void check_header(const Header& header) {
    const unsigned opcode = header.opcode();
    const bool server = test_.role == proto::Role::server;
    check((header.first & (rules_.deflate ? 0x30U : 0x70U)) != 0, reserved_bits);
    check(rules_.deflate && header.rsv1() && opcode != 1 && opcode != 2, compressed_bit_misplaced);
    check((opcode >= 3 && opcode <= 7) || opcode >= 11, unknown_opcode);
    check(server && !header.masked(), unmasked_frame);
    check(!server && header.masked(), masked_frame);
    check(header.control() && !header.fin(), control_fragmented);
    check(header.control() && (header.second & 0x7F) > 125, control_too_long);
    check(opcode == 0 && !open_, stray_continuation);
    check((opcode == 1 || opcode == 2) && open_, interleaved_message);
    check(header.length_bytes == 2 && header.length < 126, length_not_minimal);
    check(header.length_bytes == 8 && header.length < 65'536, length_not_minimal);
    check(header.length_bytes == 8 && header.length >> 63 != 0, length_high_bit);
    if (header.control()) return;
    const bool compressed = opcode == 0 ? compressed_ : header.rsv1();
    const std::uint64_t limit = compressed ? 2 * rules_.message_bytes + 64 : rules_.message_bytes;
    const std::uint64_t so_far = open_ ? announced_ : 0;
    const bool too_long = header.length > limit || so_far + header.length > limit;
    check(too_long, message_too_big);
    reading_.payload_too_long = too_long && compressed;
    check((open_ ? fragments_ : 0) + 1 > rules_.fragments, too_many_fragments);
  }

  void take_control(const Header& header, const std::string& payload) {
    if (header.opcode() != 8) {
      reading_.events.push_back((header.opcode() == 9 ? "ping:" : "pong:") + payload);
      return;
    }
    closed_ = true;
    check(payload.size() == 1, close_one_byte);
    if (payload.size() == 1) return;
    const unsigned code = payload.empty() ? 1005 : byte_at(payload, 0) << 8 | byte_at(payload, 1);
    reading_.close_code = code;
    const std::string reason = payload.empty() ? payload : payload.substr(2);
    check(!payload.empty() && !may_be_received(code), Violation::close_code);
    check(!is_utf8(reason), close_reason_not_utf8);
    if (reading_.broken.empty()) reading_.events.push_back("close:" + std::to_string(code) + ":" + reason);
  }

  void take_data(const Header& header, const std::string& payload, bool complete) {
    if (!open_) {
      open_ = true;
      text_ = header.opcode() == 1;
      compressed_ = header.rsv1();
      announced_ = 0;
      fragments_ = 0;
      payload_.clear();
    }
    announced_ += header.length;
    reading_.most_fragments = std::max(reading_.most_fragments, ++fragments_);
    payload_ += payload;
    const bool whole = complete && header.fin();
    if (compressed_ && !payload_.empty()) {
      check_message(inflated(whole), whole);
    } else {
      check_message(payload_, whole);
    }
    if (!whole) return;
    open_ = false;
    reading_.empty_payload = reading_.empty_payload || (compressed_ && payload_.empty());
  }

  const std::string& inflated(bool whole) {
    const auto most = static_cast<std::size_t>(rules_.message_bytes) + kBeyondLimit;
    reading_.inflated = inflate_slowly(payload_, history_, most);
    const Inflated& found = reading_.inflated;
    reading_.final_block = reading_.final_block || found.has_final_block;
    reading_.beyond_window = reading_.beyond_window || found.farthest > std::size_t{1} << rules_.deflate->window_bits;
    check(found.wrong || (whole && !found.ends_as_asked), compressed_data_invalid);
    if (whole && rules_.deflate->context_takeover) {
      history_ += found.bytes;
      if (history_.size() > kLargestWindow) history_.erase(0, history_.size() - kLargestWindow);
    }
    return found.bytes;
  }

  void check_message(const std::string& message, bool whole) {
    check(message.size() > rules_.message_bytes, message_too_big);
    check(text_ && !(whole ? is_utf8(message) : begins_utf8(message)), text_not_utf8);
    if (whole && reading_.broken.empty()) reading_.events.push_back((text_ ? "text:" : "binary:") + message);
  }

  const TestCase& test_;
  const Rules& rules_;
  std::string_view stream_;
  SlowReading reading_;
  bool closed_ = false;

  // The present message.
  bool open_ = false;
  bool text_ = false;
  bool compressed_ = false;
  std::uint64_t announced_ = 0;  // on the wire
  std::uint32_t fragments_ = 0;
  std::string payload_;

  std::string history_;  // what the next compressed message may refer to
};

}  // namespace

bool SlowReading::breaks(Violation rule) const { return std::find(broken.begin(), broken.end(), rule) != broken.end(); }

SlowReading read_slowly(const TestCase& test, std::string_view stream) { return SlowReader(test, stream).read(); }

}  // namespace mote::differential
