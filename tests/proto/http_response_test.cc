#include "proto/http_response.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "proto/ascii.h"

namespace mote::proto {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";

std::string response(const ResponseFields& head, std::string_view body, Body mode = Body::include) {
  std::string out = "before;";  // it appends
  append_response(out, head, body, mode);
  EXPECT_TRUE(out.starts_with("before;"));
  return out.substr(7);
}

std::string refusal(const Refusal& what, Body mode = Body::include) {
  std::string out;
  append_refusal(out, what, kDate, mode);
  return out;
}

TEST(HttpResponse, HasDateTypeLengthAndConnection) {
  EXPECT_EQ(response({.status = 200, .content_type = "text/html", .extra_lines = "A: b\r\n", .date = kDate}, "hello"),
            "HTTP/1.1 200 OK\r\n"
            "Connection: keep-alive\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Type: text/html\r\n"
            "Content-Length: 5\r\n"
            "A: b\r\n"
            "\r\n"
            "hello");
}

TEST(HttpResponse, SaysThatTheConnectionCloses) {  // RFC 9112 §9.6, checklist 23
  EXPECT_EQ(response({.status = 404, .persistence = Persistence::close}, ""),
            "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
}

TEST(HttpResponse, HasTheRealLengthButNoBodyForHead) {  // RFC 9110 §9.3.2
  EXPECT_EQ(response({.status = 200}, "0123456789", Body::omit),
            "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 10\r\n\r\n");
}

TEST(HttpResponse, KeepsTheSpaceBeforeAnEmptyReason) {  // RFC 9112 §4, checklist 12
  EXPECT_TRUE(response({.status = 299}, "").starts_with("HTTP/1.1 299 \r\n"));
  EXPECT_TRUE(response({.status = 599}, "").starts_with("HTTP/1.1 599 \r\n"));
}

TEST(HttpResponse, HasNoContentWhereTheStatusHasNone) {  // RFC 9110 §8.6, §15.3.5, §15.3.6, §15.4.5
  const ResponseFields no_content{.status = 204, .content_type = "text/plain"};
  EXPECT_EQ(response(no_content, "body"), "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(response({.status = 304}, "body"), "HTTP/1.1 304 Not Modified\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(response({.status = 205}, "body"),
            "HTTP/1.1 205 Reset Content\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n");
}

TEST(HttpResponse, NeverHasATransferEncoding) {  // RFC 9112 §6.1, checklist 16
  for (int status = 200; status < 600; ++status) {
    EXPECT_EQ(response({.status = status}, "x").find("Transfer-Encoding"), std::string::npos);
  }
}

TEST(HttpResponse, RefusalIsPlainTextAndCloses) {  // RFC 9112 §2.2, checklist 6
  EXPECT_EQ(refusal({.status = 400, .text = "No."}),
            "HTTP/1.1 400 Bad Request\r\n"
            "Connection: close\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Length: 3\r\n"
            "\r\n"
            "No.");
  EXPECT_TRUE(refusal({.status = 400, .text = "No."}, Body::omit).ends_with("Content-Length: 3\r\n\r\n"));
}

TEST(HttpResponse, RefusalOfAMethodListsTheAllowed) {  // RFC 9110 §15.5.6, checklist 36
  EXPECT_NE(refusal(refusal_for(Fault::method_not_allowed)).find("\r\nAllow: GET, HEAD\r\n"), std::string::npos);
}

TEST(HttpResponse, RefusalThatAsksForAnUpgradeSaysToWhat) {  // RFC 9110 §15.5.22, RFC 6455 §4.4; checklist 35, 45
  for (const Fault fault : {Fault::unsupported_version, Fault::only_websocket_here}) {
    const std::string text = refusal(refusal_for(fault));
    EXPECT_TRUE(text.starts_with("HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade, close\r\n")) << text;
    EXPECT_NE(text.find("\r\nUpgrade: websocket\r\n"), std::string::npos) << text;
    EXPECT_NE(text.find("\r\nSec-WebSocket-Version: 13\r\n"), std::string::npos) << text;
  }
}

TEST(HttpResponse, EveryRefusalIsAnErrorWithOneLineOfText) {
  for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(Fault::unavailable); ++i) {
    const Refusal& what = refusal_for(static_cast<Fault>(i));
    if (static_cast<Fault>(i) == Fault::tls_on_plain_port) continue;  // who speaks TLS can read no answer
    EXPECT_GE(what.status, 400) << int{i};
    EXPECT_LE(what.status, 599) << int{i};
    EXPECT_FALSE(reason_phrase(what.status).empty()) << what.status;
    EXPECT_FALSE(what.text.empty()) << int{i};
    EXPECT_EQ(what.text.find_first_of("\r\n"), std::string_view::npos) << what.text;
  }
}

TEST(HttpDate, IsAnImfFixdate) {  // RFC 9110 §5.6.7
  EXPECT_EQ(http_date(784'111'777), kDate);
  EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(http_date(951'782'400), "Tue, 29 Feb 2000 00:00:00 GMT");
  EXPECT_EQ(http_date(4'107'542'399), "Sun, 28 Feb 2100 23:59:59 GMT");
  EXPECT_EQ(http_date(4'107'542'400), "Mon, 01 Mar 2100 00:00:00 GMT");
  EXPECT_EQ(http_date(253'402'300'799), "Fri, 31 Dec 9999 23:59:59 GMT");
}

TEST(HttpDate, StaysInFourDigitYears) {
  EXPECT_EQ(http_date(-1), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(http_date(std::numeric_limits<std::time_t>::min()), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(http_date(std::numeric_limits<std::time_t>::max()), "Fri, 31 Dec 9999 23:59:59 GMT");
}

struct FieldRow {
  const char* why;
  std::string_view name, value;
  bool valid;
};

constexpr FieldRow kFieldRows[] = {
    {"plain", "Set-Cookie", "a=b; Path=/", true},
    {"empty value", "A", "", true},
    {"tab and obs-text", "A", "b\t\xc3\xa9", true},
    {"empty name", "", "b", false},
    {"colon in the name", "A:", "b", false},
    {"space in the name", "A ", "b", false},
    {"line end in the name", "A\r\nB", "c", false},
    {"line end in the value", "A", "b\r\nC: d", false},
    {"CR", "A", "b\rc", false},
    {"LF", "A", "b\nc", false},
    {"NUL", "A", "b\0c"sv, false},
    {"NUL in the name", "A\0"sv, "b", false},
    {"DEL", "A", "\x7f", false},
};

TEST(HttpResponse, FieldsCannotInjectLines) {  // RFC 9110 §5.5, checklist 26; attack 25
  for (const FieldRow& row : kFieldRows) EXPECT_EQ(valid_field(row.name, row.value), row.valid) << row.why;
}

TEST(HttpResponse, KnowsTheFieldsItWrites) {
  for (const std::string_view name : {"date", "Content-Length", "CONNECTION", "Transfer-Encoding"}) {
    EXPECT_TRUE(managed_field(name)) << name;
  }
  EXPECT_FALSE(managed_field("Set-Cookie"));
  EXPECT_FALSE(managed_field(""));
}

}  // namespace
}  // namespace mote::proto
