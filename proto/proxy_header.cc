#include "proto/proxy_header.h"

#include <array>

namespace mote::proto {
namespace {

using namespace std::string_view_literals;
using enum ProxyHeaderFault;

constexpr std::string_view kLineStart = "PROXY "sv;
constexpr std::size_t kMostLineBytes = 107;  // §2.1
constexpr std::string_view kSignature = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t kVersionAt = 12;
constexpr std::size_t kFamilyAt = 13;
constexpr std::size_t kSizeAt = 14;
constexpr std::size_t kFixedBytes = 16;
constexpr std::size_t kValueHeadBytes = 3;  // a type and a size
constexpr unsigned kChecksumType = 0x03;
constexpr std::size_t kChecksumBytes = 4;

// In the order of the enumeration.
constexpr std::array kTexts = {
    "no fault"sv,
    "no PROXY header (PROXY protocol 2)"sv,
    "PROXY line with a bare carriage return or line feed (PROXY protocol 2.1)"sv,
    "PROXY line of more than 107 bytes (PROXY protocol 2.1)"sv,
    "malformed PROXY line (PROXY protocol 2.1)"sv,
    "PROXY header of an unknown version (PROXY protocol 2.2)"sv,
    "PROXY header with an unknown command (PROXY protocol 2.2)"sv,
    "PROXY header with an unknown address family or transport (PROXY protocol 2.2)"sv,
    "PROXY header too short for its addresses (PROXY protocol 2.2)"sv,
    "PROXY header of more than 4096 bytes (PROXY protocol 2.2)"sv,
    "PROXY header with malformed values (PROXY protocol 2.2)"sv,
    "PROXY header with a wrong checksum (PROXY protocol 2.2.3)"sv,
};
static_assert(kTexts.size() == static_cast<std::size_t>(wrong_checksum) + 1);

/// Takes what comes before the next space off `rest`, and the space.
std::string_view take_word(std::string_view& rest) {
  const std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(word.size() == rest.size() ? word.size() : word.size() + 1);
  return word;
}

std::optional<IpAddress> address_of(std::string_view text, bool v6) {
  return (text.find(':') != std::string_view::npos) == v6 ? parse_ip_address(text) : std::nullopt;
}

/// Four addresses and ports with one space between them; the source's.
std::optional<Endpoint> source_of(std::string_view words, bool v6) {
  const std::string_view whole = words;
  const auto source = address_of(take_word(words), v6);
  const auto destination = address_of(take_word(words), v6);
  const auto source_port = parse_port(take_word(words));
  const auto destination_port = parse_port(take_word(words));
  if (!source || !destination || !source_port || !destination_port) return std::nullopt;
  if (!words.empty() || whole.ends_with(' ')) return std::nullopt;
  return Endpoint{*source, *source_port};
}

/// RFC 9260 appendix A, bit by bit: a header comes once in a connection's life.
std::uint32_t crc32c(std::uint32_t crc, unsigned octet) {
  constexpr std::uint32_t polynomial = 0x82F63B78;
  crc ^= octet;
  for (int i = 0; i < 8; ++i) crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial : 0);
  return crc;
}

}  // namespace

std::string_view text_of(ProxyHeaderFault fault) { return kTexts[static_cast<std::size_t>(fault)]; }

/// Byte by byte, so that the answer cannot depend on the reads; there are a hundred of them, once.
ProxyHeader::Step ProxyHeader::feed(std::span<const std::byte> input) {
  Step step;
  while (step.progress == Progress::incomplete && step.consumed < input.size()) {
    kept_.push_back(static_cast<char>(input[step.consumed++]));
    step.progress = judge();
  }
  return step;
}

ProxyHeader::Progress ProxyHeader::judge() {
  const std::string_view seen = kept_;
  if (seen.starts_with(kLineStart)) return judge_line();
  if (seen.starts_with(kSignature)) return judge_block();
  if (kLineStart.starts_with(seen) || kSignature.starts_with(seen)) return Progress::incomplete;
  return refuse(no_header);
}

ProxyHeader::Progress ProxyHeader::judge_line() {
  const char last = kept_.back();
  const bool after_return = kept_[kept_.size() - 2] == '\r';
  if (after_return != (last == '\n')) return refuse(bare_line_end);
  if (last == '\n') return read_line();
  return kept_.size() < kMostLineBytes ? Progress::incomplete : refuse(line_too_long);
}

ProxyHeader::Progress ProxyHeader::read_line() {
  std::string_view words = std::string_view(kept_).substr(kLineStart.size(), kept_.size() - kLineStart.size() - 2);
  const std::string_view family = take_word(words);
  if (family == "UNKNOWN") return Progress::complete;  // whatever follows
  if (family != "TCP4" && family != "TCP6") return refuse(malformed_line);
  client_ = source_of(words, family == "TCP6");
  return client_ ? Progress::complete : refuse(malformed_line);
}

ProxyHeader::Progress ProxyHeader::judge_block() {
  const std::size_t size = kept_.size();
  if (size == kVersionAt + 1) {
    if (octet(kVersionAt) >> 4 != 2) return refuse(unknown_version);
    if ((octet(kVersionAt) & 0xF) > 1) return refuse(unknown_command);
  }
  const bool local = size > kVersionAt && octet(kVersionAt) == 0x20;
  if (size == kFamilyAt + 1 && !local) {
    if (octet(kFamilyAt) >> 4 > 3 || (octet(kFamilyAt) & 0xF) > 2) return refuse(unknown_family);
  }
  if (size < kFixedBytes) return Progress::incomplete;
  const std::size_t needed = kFixedBytes + number(kSizeAt);
  if (size == kFixedBytes) {
    if (needed > kMostBytes) return refuse(header_too_large);
    if (!local && needed < kFixedBytes + address_bytes()) return refuse(block_too_short);
  }
  if (size < needed) return Progress::incomplete;
  return local ? Progress::complete : read_block();
}

/// 0 where they are to be ignored: then it is not known either where the values begin.
std::size_t ProxyHeader::address_bytes() const {
  switch (octet(kFamilyAt) >> 4) {
    case 1:
      return 12;
    case 2:
      return 36;
    case 3:
      return 216;
    default:
      return 0;
  }
}

ProxyHeader::Progress ProxyHeader::read_block() {
  if (address_bytes() == 0) return Progress::complete;
  if (const auto wrong = check_values(kFixedBytes + address_bytes()); wrong != none) return refuse(wrong);
  take_addresses();
  return Progress::complete;
}

void ProxyHeader::take_addresses() {
  const auto bytes = std::as_bytes(std::span(kept_)).subspan(kFixedBytes);
  switch (octet(kFamilyAt)) {
    case 0x11:
      client_ = Endpoint{ip_address(bytes.first(4)), static_cast<std::uint16_t>(number(kFixedBytes + 8))};
      break;
    case 0x21:
      client_ = Endpoint{ip_address(bytes.first(16)), static_cast<std::uint16_t>(number(kFixedBytes + 32))};
      break;
    default:  // not TCP
      break;
  }
}

ProxyHeaderFault ProxyHeader::check_values(std::size_t begin) const {
  std::size_t at = begin;
  while (at < kept_.size()) {
    if (kept_.size() - at < kValueHeadBytes) return malformed_values;
    const unsigned type = octet(at);
    const std::size_t size = number(at + 1);
    at += kValueHeadBytes;
    if (size > kept_.size() - at) return malformed_values;
    if (type == kChecksumType && size != kChecksumBytes) return malformed_values;
    if (type == kChecksumType && !checksum_matches(at)) return wrong_checksum;
    at += size;
  }
  return none;
}

/// `value`: where the checksum is; it counts as zeros (§2.2.3).
bool ProxyHeader::checksum_matches(std::size_t value) const {
  std::uint32_t crc = 0xFFFF'FFFF;
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    const bool own = i >= value && i < value + kChecksumBytes;
    crc = crc32c(crc, own ? 0 : octet(i));
  }
  const std::size_t sent = number(value) << 16 | number(value + 2);
  return (crc ^ 0xFFFF'FFFF) == sent;
}

ProxyHeader::Progress ProxyHeader::refuse(ProxyHeaderFault fault) {
  fault_ = fault;
  return Progress::refused;
}

}  // namespace mote::proto
