#include "proto/proxy_header.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/feed.h"
#include "tests/support/proxy_headers.h"

namespace mote::proto {
namespace {

using mote::test::ExactBlock;
using mote::test::Feeding;
using mote::test::for_every_feeding;
using mote::test::proxy_block_v4;
using mote::test::proxy_block_v6;
using mote::test::proxy_header_v2;
using mote::test::proxy_value;
using mote::test::RowName;
using mote::test::Source;
using enum ProxyHeaderFault;

std::string text_of_client(const std::optional<Endpoint>& client) {
  if (!client) return "own";
  std::string text;
  const std::size_t size = client->address.family == IpAddress::Family::ipv4 ? 4 : 16;
  for (std::size_t i = 0; i < size; ++i) {
    text.append(std::to_string(std::to_integer<int>(client->address.octets[i]))).append(i + 1 < size ? "." : ":");
  }
  return text + std::to_string(client->port);
}

constexpr const char* kV4Client = "192.0.2.1:4660";
constexpr const char* kV6Client = "32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1:4660";

/// What it comes to, and how many bytes were needed to know.
std::string outcome(std::string_view stream, const Feeding& feeding) {
  ProxyHeader header;
  std::size_t used = 0;
  for (const std::size_t arrived : feeding) {
    const ExactBlock block(stream.substr(used, arrived - used));
    const auto step = header.feed(std::as_bytes(std::span(block.view())));
    used += step.consumed;
    if (step.progress == ProxyHeader::Progress::complete) return text_of_client(header.client());
    if (step.progress == ProxyHeader::Progress::refused) return std::string(text_of(header.fault()));
    EXPECT_EQ(used, arrived);
  }
  return "incomplete";
}

struct Row {
  Source source;
  std::string stream;
  std::string expected;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.source; }

class ProxyHeaders : public testing::TestWithParam<Row> {};

/// Decided by its last byte and by no byte before, whatever the reads; nothing behind it is taken.
TEST_P(ProxyHeaders, ComeToTheSameWithEverySplit) {
  const std::string& stream = GetParam().stream;
  const std::string& expected = GetParam().expected;
  for_every_feeding(stream.size(), [&](const Feeding& feeding) { EXPECT_EQ(outcome(stream, feeding), expected); });
  for (std::size_t size = 0; size < stream.size(); ++size) ASSERT_EQ(outcome(stream, {size}), "incomplete") << size;
  const std::string more = stream + "GET / HTTP/1.1\r\n";
  ProxyHeader header;
  EXPECT_EQ(header.feed(std::as_bytes(std::span(more))).consumed, stream.size());
}

Row good(const char* name, const char* section, std::string stream, std::string client) {
  return {{name, section}, std::move(stream), std::move(client)};
}
Row bad(const char* name, const char* section, std::string stream, ProxyHeaderFault fault) {
  return {{name, section}, std::move(stream), std::string(text_of(fault))};
}

std::string line(const std::string& rest) { return "PROXY " + rest + "\r\n"; }

std::vector<Row> lines() {
  const std::string longest = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
  return {
      good("Tcp4", "2.1", line("TCP4 192.0.2.1 198.51.100.2 4660 443"), kV4Client),
      good("Tcp6", "2.1", line("TCP6 2001:db8::1 2001:DB8::2 4660 443"), kV6Client),
      good("LongestTcp4", "2.1", line("TCP4 255.255.255.255 255.255.255.255 65535 65535"), "255.255.255.255:65535"),
      good("LongestTcp6", "2.1", line("TCP6 " + longest + " " + longest + " 65535 65535"),
           "255.255.255.255.255.255.255.255.255.255.255.255.255.255.255.255:65535"),
      good("MappedTcp6", "2.1", line("TCP6 ::ffff:192.0.2.1 ::1 4660 443"), kV4Client),
      good("Unknown", "2.1", line("UNKNOWN"), "own"),
      good("UnknownWithMore", "2.1", line("UNKNOWN " + longest + " " + longest + " 65535 65535"), "own"),
      good("UnknownWithAnything", "2.1", line("UNKNOWN  \xFF"), "own"),
      bad("UnknownAndMore", "2.1", line("UNKNOWNS"), malformed_line),
      bad("Http", "2", "G", no_header),
      bad("Tls", "2", "\x16", no_header),
      bad("LowerCase", "2", "p", no_header),
      bad("NoSpace", "2", "PROXYT", no_header),
      bad("NoFamily", "2.1", line(""), malformed_line),
      bad("LowerCaseFamily", "2.1", line("tcp4 192.0.2.1 198.51.100.2 4660 443"), malformed_line),
      bad("Udp4", "2.1", line("UDP4 192.0.2.1 198.51.100.2 4660 443"), malformed_line),
      bad("TwoSpaces", "2.1", line("TCP4  192.0.2.1 198.51.100.2 4660 443"), malformed_line),
      bad("Tab", "2.1", line("TCP4\t192.0.2.1 198.51.100.2 4660 443"), malformed_line),
      bad("TrailingSpace", "2.1", line("TCP4 192.0.2.1 198.51.100.2 4660 443 "), malformed_line),
      bad("FiveWords", "2.1", line("TCP4 192.0.2.1 198.51.100.2 4660 443 x"), malformed_line),
      bad("NoPorts", "2.1", line("TCP4 192.0.2.1 198.51.100.2"), malformed_line),
      bad("NoDestinationPort", "2.1", line("TCP4 192.0.2.1 198.51.100.2 4660"), malformed_line),
      bad("PortTooLarge", "2.1", line("TCP4 192.0.2.1 198.51.100.2 65536 443"), malformed_line),
      bad("DestinationPortTooLarge", "2.1", line("TCP4 192.0.2.1 198.51.100.2 4660 65536"), malformed_line),
      bad("PortWithLeadingZero", "2.1", line("TCP4 192.0.2.1 198.51.100.2 04660 443"), malformed_line),
      bad("SignedPort", "2.1", line("TCP4 192.0.2.1 198.51.100.2 +466 443"), malformed_line),
      bad("OctetWithLeadingZero", "2.1", line("TCP4 192.0.02.1 198.51.100.2 4660 443"), malformed_line),
      bad("ThreeOctets", "2.1", line("TCP4 192.0.2 198.51.100.2 4660 443"), malformed_line),
      bad("BadDestination", "2.1", line("TCP4 192.0.2.1 198.51.100.256 4660 443"), malformed_line),
      bad("Ipv6AsTcp4", "2.1", line("TCP4 2001:db8::1 198.51.100.2 4660 443"), malformed_line),
      bad("Ipv4AsTcp6", "2.1", line("TCP6 192.0.2.1 2001:db8::2 4660 443"), malformed_line),
      bad("Ipv4DestinationAsTcp6", "2.1", line("TCP6 2001:db8::1 192.0.2.1 4660 443"), malformed_line),
      bad("Zone", "2.1", line("TCP6 fe80::1%eth0 2001:db8::2 4660 443"), malformed_line),
      bad("Brackets", "2.1", line("TCP6 [2001:db8::1] 2001:db8::2 4660 443"), malformed_line),
      bad("ZeroByte", "2.1", line(std::string("TCP4 192.0.2.1\0 198.51.100.2 4660 443", 37)), malformed_line),
      bad("BareLineFeed", "2.1", "PROXY TCP4 192.0.2.1 198.51.100.2 4660 443\n", bare_line_end),
      bad("BareCarriageReturn", "2.1", "PROXY UNKNOWN\rx", bare_line_end),
      bad("TwoCarriageReturns", "2.1", "PROXY UNKNOWN\r\r", bare_line_end),
      good("LineOfMostBytes", "2.1", line("UNKNOWN " + std::string(91, 'x')), "own"),
      bad("LineTooLong", "2.1", "PROXY UNKNOWN " + std::string(93, 'x'), line_too_long),
  };
}
INSTANTIATE_TEST_SUITE_P(Version1, ProxyHeaders, testing::ValuesIn(lines()), RowName());

std::string checked(std::string_view checksum) {
  return proxy_header_v2(0x21, 0x11, proxy_block_v4().append(proxy_value(3, checksum)));
}

std::vector<Row> blocks() {
  const auto v4 = [](const std::string& values) { return proxy_header_v2(0x21, 0x11, proxy_block_v4() + values); };
  const std::string fixed = proxy_header_v2(0x21, 0x11, "").substr(0, 14);
  const auto filling = static_cast<std::size_t>(ProxyHeader::kMostBytes - 16 - 12 - 3);
  return {
      good("Tcp4", "2.2", v4(""), kV4Client),
      good("Tcp6", "2.2", proxy_header_v2(0x21, 0x21, proxy_block_v6()), kV6Client),
      good("Local", "2.2", proxy_header_v2(0x20, 0x00, ""), "own"),
      good("LocalOfAnyFamily", "2.2", proxy_header_v2(0x20, 0xFF, "x"), "own"),
      good("LocalWithAddresses", "2.2", proxy_header_v2(0x20, 0x11, proxy_block_v4()), "own"),
      good("Unspecified", "2.2", proxy_header_v2(0x21, 0x00, "anything"), "own"),
      good("UnspecifiedTransport", "2.2", proxy_header_v2(0x21, 0x10, proxy_block_v4()), "own"),
      good("Udp4", "2.2", proxy_header_v2(0x21, 0x12, proxy_block_v4()), "own"),
      good("Udp6", "2.2", proxy_header_v2(0x21, 0x22, proxy_block_v6()), "own"),
      good("UnixStream", "2.2", proxy_header_v2(0x21, 0x31, std::string(216, '/')), "own"),
      good("Values", "2.2", v4(proxy_value(2, "example.org") + proxy_value(4, "") + proxy_value(0xEE, "x")), kV4Client),
      good("MostBytes", "2.2", v4(proxy_value(4, std::string(filling, 'x'))), kV4Client),
      bad("TooLarge", "2.2", fixed + std::string("\x0F\xF1", 2), header_too_large),
      bad("LargestAnnounced", "2.2", fixed + "\xFF\xFF", header_too_large),
      bad("LargestLocal", "2.2", proxy_header_v2(0x20, 0, "").substr(0, 14) + "\xFF\xFF", header_too_large),
      bad("WrongSignature", "2.2", std::string("\r\n\r\n\0\r\nQUIT\r", 12), no_header),
      bad("Version1", "2.2", proxy_header_v2(0x11, 0x11, "").substr(0, 13), unknown_version),
      bad("Version3", "2.2", proxy_header_v2(0x31, 0x11, "").substr(0, 13), unknown_version),
      bad("Command2", "2.2", proxy_header_v2(0x22, 0x11, "").substr(0, 13), unknown_command),
      bad("Command15", "2.2", proxy_header_v2(0x2F, 0x11, "").substr(0, 13), unknown_command),
      bad("Family4", "2.2", proxy_header_v2(0x21, 0x41, "").substr(0, 14), unknown_family),
      bad("Transport3", "2.2", proxy_header_v2(0x21, 0x13, "").substr(0, 14), unknown_family),
      bad("ShortForTcp4", "2.2", fixed + std::string("\x00\x0B", 2), block_too_short),
      bad("ShortForTcp6", "2.2", proxy_header_v2(0x21, 0x21, "").substr(0, 14) + std::string("\x00\x23", 2),
          block_too_short),
      bad("ShortForUnix", "2.2", proxy_header_v2(0x21, 0x31, "").substr(0, 14) + std::string("\x00\xD7", 2),
          block_too_short),
      bad("ValueWithoutSize", "2.2", v4(std::string("\x04\x00", 2)), malformed_values),
      bad("ValueTooLong", "2.2", v4(std::string("\x04\x00\x02x", 4)), malformed_values),
      // computed with a table-driven implementation that gives 0xE3069283 for "123456789"
      good("Checksum", "2.2.3", checked(std::string("\xF6\x03\xD2\x3A", 4)), kV4Client),
      bad("WrongChecksum", "2.2.3", checked(std::string("\xF6\x03\xD2\x3B", 4)), wrong_checksum),
      bad("ChecksumOfZeros", "2.2.3", checked(std::string(4, '\0')), wrong_checksum),
      bad("ShortChecksum", "2.2.3", checked("123"), malformed_values),
      bad("LongChecksum", "2.2.3", checked("12345"), malformed_values),
  };
}
INSTANTIATE_TEST_SUITE_P(Version2, ProxyHeaders, testing::ValuesIn(blocks()), RowName());

TEST(ProxyHeader, EachFaultNamesItsSection) {
  for (std::size_t fault = 1; fault <= static_cast<std::size_t>(wrong_checksum); ++fault) {
    EXPECT_NE(text_of(static_cast<ProxyHeaderFault>(fault)).find("(PROXY protocol 2"), std::string_view::npos);
  }
}

}  // namespace
}  // namespace mote::proto
