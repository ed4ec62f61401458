#include "proto/http_connect.h"

#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "tests/support/dialogue.h"

namespace mote::proto {
namespace {

using mote::test::at_once;
using mote::test::Feeding;
using mote::test::for_every_feeding;
using mote::test::RowName;
using mote::test::Source;

constexpr ResponseLimits kLimits{.head_bytes = 300, .header_lines = 4};
constexpr std::string_view kRequest = "CONNECT a.example:80 HTTP/1.1\r\nHost: a.example:80\r\n\r\n | ";

std::string conversation(std::string_view stream, const Feeding& feeding) {
  HttpConnect dialogue("a.example", 80, std::nullopt, kLimits);
  return mote::test::conversation(dialogue, stream, feeding);
}

std::string request_for(std::string_view host, std::uint16_t port, const std::optional<Credentials>& credentials) {
  return HttpConnect(host, port, credentials, kLimits).take_output();
}

TEST(HttpConnect, AsksForHostAndPort) {  // RFC 9110 §9.3.6, §7.2
  EXPECT_EQ(request_for("a", 443, std::nullopt), "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n");
  EXPECT_EQ(request_for("2001:db8::1", 80, std::nullopt),
            "CONNECT [2001:db8::1]:80 HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n");
}

TEST(HttpConnect, ShowsItsCredentials) {  // RFC 7617 §2
  EXPECT_EQ(request_for("a", 80, Credentials{"Aladdin", "open sesame"}),
            "CONNECT a:80 HTTP/1.1\r\n"
            "Host: a:80\r\n"
            "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"
            "\r\n");
}

struct Row {
  Source source;
  std::string stream;
  std::string expected;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.source; }

std::vector<Row> rows() {
  const auto fault = [](ResponseFault which) { return std::string("proxy: ").append(info_of(which).text); };
  return {
      {{"Ok", "9110 §9.3.6"}, "HTTP/1.1 200 OK\r\n\r\n", "done "},
      {{"Http10", "9110 §9.3.6"}, "HTTP/1.0 200 Connection established\r\nProxy-Agent: x\r\n\r\n", "done "},
      {{"AnySuccess", "9110 §9.3.6"}, "HTTP/1.1 299 \r\n\r\n", "done "},
      {{"WhatFollowsIsTheHosts", "9110 §9.3.6"},
       "HTTP/1.1 200 OK\r\n\r\n\x16\x03HTTP\r\n\r\n",
       "done \x16\x03HTTP\r\n\r\n"},
      {{"NoContentWhateverItSays", "9110 §9.3.6"},
       "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello",
       "done hello"},
      {{"InterimResponses", "9110 §15.2"},
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 X\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\nx",
       "done x"},
      {{"Incomplete", "9112 §2.1"}, "HTTP/1.1 200 OK\r\nA: b\r\n", "more"},
      {{"Forbidden", "9110 §15.5.4"}, "HTTP/1.1 403 Not there\r\n\r\n", "proxy: answered CONNECT with 403 Not there"},
      {{"WantsCredentials", "9110 §15.5.8"},
       "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic\r\n\r\n",
       "proxy: answered CONNECT with 407 Who; user and password go into the option proxy"},
      {{"Redirect", "9110 §15.4"}, "HTTP/1.1 302 \r\n\r\n", "proxy: answered CONNECT with 302 "},
      {{"SwitchingProtocols", "9110 §15.2.2"}, "HTTP/1.1 101 X\r\n\r\n", "proxy: answered CONNECT with 101 X"},
      {{"LongReason", "9110 §15"},
       "HTTP/1.1 500 " + std::string(200, 'x') + "\r\n\r\n",
       "proxy: answered CONNECT with 500 " + std::string(80, 'x')},
      {{"NoHttp", "9112 §4"}, "\x05", fault(ResponseFault::malformed_status_line)},
      {{"BareLineFeed", "9112 §2.2"}, "HTTP/1.1 200 OK\n", fault(ResponseFault::bare_line_feed)},
      {{"LargeHead", "9112 §2"},
       "HTTP/1.1 200 OK\r\nA: " + std::string(280, 'x'),
       fault(ResponseFault::head_too_large)},
      {{"ManyLines", "9112 §5"},
       "HTTP/1.1 200 OK\r\nA:\r\nA:\r\nA:\r\nA:\r\nA",
       fault(ResponseFault::too_many_header_lines)},
  };
}

class ConnectAnswer : public testing::TestWithParam<Row> {};

TEST_P(ConnectAnswer, IsJudgedHoweverItIsCut) {
  const Row& row = GetParam();
  const std::string expected = std::string(kRequest).append(row.expected);
  for_every_feeding(row.stream.size(), [&](const Feeding& feeding) {
    EXPECT_EQ(conversation(row.stream, feeding), expected) << "first read: " << feeding.front();
  });
}

INSTANTIATE_TEST_SUITE_P(Rows, ConnectAnswer, testing::ValuesIn(rows()), RowName());

TEST(HttpConnect, CountsTheBytesOfEachHeadOnItsOwn) {
  std::string stream;
  for (int i = 0; i < 10'000; ++i) stream.append("HTTP/1.1 102 Processing\r\n\r\n");
  stream.append("HTTP/1.1 200 OK\r\n\r\nx");
  EXPECT_EQ(conversation(stream, at_once(stream.size())), std::string(kRequest).append("done x"));
}

}  // namespace
}  // namespace mote::proto
