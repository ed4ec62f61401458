#include "net/location.h"

#include <gtest/gtest.h>

#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/support/feed.h"

namespace mote::net {
namespace {

using test::RowName;
using test::Source;

struct Row {
  Source source;
  std::string_view text;
  std::string_view host;
  std::uint16_t port;
  std::string_view path;
  std::string_view again;  // to_string with its own port
  bool secure = false;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.source; }

constexpr Row kRows[] = {
    {{"Port", "6455 §3"}, "ws://127.0.0.1:8181", "127.0.0.1", 8181, "", "ws://127.0.0.1:8181"},
    {{"DefaultPort", "6455 §3"}, "ws://localhost", "localhost", 80, "", "ws://localhost:80"},
    {{"AnyPort", "6455 §3"}, "ws://0.0.0.0:0", "0.0.0.0", 0, "", "ws://0.0.0.0:0"},
    {{"Tls", "6455 §3"}, "wss://example.org:8443", "example.org", 8443, "", "wss://example.org:8443", true},
    {{"DefaultPortOfTls", "6455 §3"}, "wss://example.org/a", "example.org", 443, "/a", "wss://example.org:443/a", true},
    {{"Ipv6", "3986 §3.2.2"}, "wss://[::]:0/a/b", "::", 0, "/a/b", "wss://[::]:0/a/b", true},
    {{"Ipv6WithZone", "4007 §11"}, "ws://[fe80::1%eth0]:1", "fe80::1%eth0", 1, "", "ws://[fe80::1%eth0]:1"},
    {{"OnlyASlash", "6455 §3"}, "ws://a:1/", "a", 1, "", "ws://a:1"},
};

class TcpLocation : public testing::TestWithParam<Row> {};

TEST_P(TcpLocation, IsTakenApartAndPutTogether) {
  const Row& row = GetParam();
  const Location location = parse_location(row.text);
  EXPECT_EQ(location.kind, Location::Kind::tcp);
  EXPECT_EQ(location.secure, row.secure);
  EXPECT_EQ(location.host, row.host);
  EXPECT_EQ(location.port, row.port);
  EXPECT_EQ(location.path, row.path);
  EXPECT_EQ(location.to_string(location.port), row.again);
  const Location again = parse_location(row.again);
  EXPECT_EQ(again.to_string(again.port), row.again);
}

INSTANTIATE_TEST_SUITE_P(Rows, TcpLocation, testing::ValuesIn(kRows), RowName());

TEST(Location, NamesAUnixSocketByItsFile) {
  const Location location = parse_location("ws+unix:///run/a b.sock");
  EXPECT_EQ(location.kind, Location::Kind::unix_socket);
  EXPECT_EQ(location.socket_file, "/run/a b.sock");
  EXPECT_FALSE(location.secure);
  EXPECT_EQ(location.to_string(0), "ws+unix:///run/a b.sock");
}

TEST(Location, SaysWhatIsWrongAndTheWayOut) {
  const auto fault = [](std::string_view text) {
    try {
      static_cast<void>(parse_location(text));
      return std::string();
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
  };
  EXPECT_EQ(fault("ws://:80"),
            "location \"ws://:80\": the host is missing; 0.0.0.0 or [::] takes connections on every address");
  EXPECT_EQ(fault("wss://a:x"), "location \"wss://a:x\": the port must be a number from 0 to 65535");
  EXPECT_EQ(fault("ws://a/b?c"), "location \"ws://a/b?c\": it cannot have a query");
  EXPECT_EQ(fault("ws://[::1"), "location \"ws://[::1\": the IPv6 address has no closing bracket");
  EXPECT_NE(fault("ws+unix:///" + std::string(200, 'x')).find("too long"), std::string::npos);
}

}  // namespace
}  // namespace mote::net
