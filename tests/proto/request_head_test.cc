#include "proto/request_head.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>

#include "tests/support/feed.h"
#include "tests/support/head_outcome.h"

namespace mote::proto {
namespace {

using namespace std::string_view_literals;
using mote::test::ExactBlock;
using mote::test::RowName;
using mote::test::Source;

constexpr HeadLimits kLimits{.head_bytes = 8192, .header_lines = 100, .target_bytes = 4096};

std::string describe(const RequestHead& head) {
  std::string out;
  out.append(head.method()).append(" path=").append(head.path()).append(" query=").append(head.query());
  out.append(" host=").append(head.host());
  if (head.is_http_1_0()) out.append(" 1.0");
  if (head.has_body()) out.append(" body");
  if (head.keep_alive()) out.append(" keep-alive");
  if (head.connection_upgrade()) out.append(" upgrade");
  if (head.expects_continue()) out.append(" continue");
  return out;
}

struct Texts {
  using Head = RequestHead;
  static std::string complete(const Head& head) { return describe(head); }
  static std::string refused(const Head& head) {
    return std::to_string(head.refusal().status).append(" ").append(head.refusal().text);
  }
};

// The outcome of every feeding, alone and with bytes behind it.
void expect_outcome(std::string_view stream, std::string_view expected, const HeadLimits& limits = kLimits) {
  mote::test::expect_head_outcome<Texts>(stream, expected, "\x81\x85\r\n\r\nGET / HTTP/1.1\r\n\0\n"sv, limits);
}

struct Accepted {
  Source source;
  std::string_view stream;
  std::string_view expected;  // describe()
};

void PrintTo(const Accepted& row, std::ostream* out) { *out << row.source; }

constexpr Accepted kAccepted[] = {
    {{"Get", "9112 §3", 9}, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET path=/ query= host=a keep-alive"},
    {{"Head", "9110 §9.3.2"}, "HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD path=/a query= host=a keep-alive"},
    {{"Query", "9112 §3.2.1"},
     "GET /a/b?c=d?e HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET path=/a/b query=c=d?e host=a keep-alive"},
    {{"EmptyQuery", "9112 §3.2.1"}, "GET /a? HTTP/1.1\r\nHost: a\r\n\r\n", "GET path=/a query= host=a keep-alive"},
    {{"TwoSlashes", "9112 §3.2.1"}, "GET //b/c HTTP/1.1\r\nHost: a\r\n\r\n", "GET path=//b/c query= host=a keep-alive"},
    {{"WhatBrowsersLeaveUnescaped", "WHATWG URL"},
     "GET /?{|}^`\\[]'% HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET path=/ query={|}^`\\[]'% host=a keep-alive"},
    {{"EmptyLineBefore", "9112 §2.2", 4},
     "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET path=/ query= host=a keep-alive"},
    {{"FourEmptyLinesBefore", "9112 §2.2", 4},
     "\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET path=/ query= host=a keep-alive"},
    {{"AbsoluteForm", "9112 §3.2.2", 11},
     "GET http://b:80/c?d HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET path=/c query=d host=b:80 keep-alive"},
    {{"AbsoluteFormAfterEmptyLine", "9112 §3.2.2", 11},
     "\r\nGET HTTPS://[::1]/ HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET path=/ query= host=[::1] keep-alive"},
    {{"AbsoluteFormWithoutPath", "9112 §3.2.2", 11},
     "GET http://b HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET path=/ query= host=b keep-alive"},
    {{"AbsoluteFormWithQueryOnly", "9112 §3.2.2", 11},
     "GET http://b?c/d HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET path=/ query=c/d host=b keep-alive"},
    {{"Http10", "9112 §9.3"}, "GET / HTTP/1.0\r\n\r\n", "GET path=/ query= host= 1.0"},
    {{"Http10KeepAlive", "9112 §9.3"},
     "GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n",
     "GET path=/ query= host=a 1.0 keep-alive"},
    {{"HigherMinorVersion", "9112 §2.3"}, "GET / HTTP/1.9\r\nHost: a\r\n\r\n", "GET path=/ query= host=a keep-alive"},
    {{"Close", "9112 §9.6", 23},
     "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, CLOSE\r\n\r\n",
     "GET path=/ query= host=a"},
    {{"ConnectionInTwoFields", "9110 §5.3", 40},
     "GET / HTTP/1.1\r\nHost: a\r\nConnection: ,upGrade ,\r\nConnection: close\r\n\r\n",
     "GET path=/ query= host=a upgrade"},
    {{"PartOfAConnectionOption", "9110 §7.6.1", 40},
     "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade2, \"close\", closed\r\n\r\n",
     "GET path=/ query= host=a keep-alive"},
    {{"NamesWithoutCase", "9110 §5.1", 24},
     "GET / HTTP/1.1\r\nhOST:a\r\ncoNNection:upgrade\r\ncONTENT-lENGTH:1\r\n\r\n",
     "GET path=/ query= host=a body keep-alive upgrade"},
    {{"WhiteSpaceAroundValues", "9110 §5.5", 27},
     "GET / HTTP/1.1\r\nHost: \t a \t\r\nContent-Length:\t 0 \r\n\r\n",
     "GET path=/ query= host=a keep-alive"},
    {{"ObsTextInAValue", "9112 §2.2", 1},
     "GET / HTTP/1.1\r\nHost: a\r\nX: \x80\xff\xc3\x28\t~\r\n\r\n",
     "GET path=/ query= host=a keep-alive"},
    {{"EmptyValue", "9110 §5.5"}, "GET / HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n", "GET path=/ query= host=a keep-alive"},
    {{"LaterFieldsCount", "9110 §5.3", 25},
     "GET / HTTP/1.1\r\nX: y\r\nConnection: close\r\nHost: a\r\n\r\n",
     "GET path=/ query= host=a"},
    {{"ContentLengthZero", "9112 §6.3", 18},
     "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 000\r\n\r\n",
     "GET path=/ query= host=a keep-alive"},
    {{"ContentLengthBeyond64Bits", "9110 §8.6", 18},
     "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n",
     "GET path=/ query= host=a body keep-alive"},
    {{"UnderscoreIsNoHyphen", "9110 §5.1", 24},
     "GET / HTTP/1.1\r\nHost: a\r\nContent_Length: 1\r\nTransfer_Encoding: chunked\r\n\r\n",
     "GET path=/ query= host=a keep-alive"},
    {{"Chunked", "9112 §6.3", 17},
     "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: , gzip ,Chunked,\r\n\r\n",
     "GET path=/ query= host=a body keep-alive"},
    {{"ChunkedInTheSecondField", "9112 §6.3", 17},
     "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
     "GET path=/ query= host=a body keep-alive"},
    {{"ExpectContinue", "9110 §10.1.1", 33},
     "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n",
     "GET path=/ query= host=a keep-alive continue"},
    {{"ExpectSomethingElse", "9110 §10.1.1"},
     "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continued\r\n\r\n",
     "GET path=/ query= host=a keep-alive"},
    {{"ExpectInHttp10", "9110 §10.1.1"},
     "GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n",
     "GET path=/ query= host= 1.0"},
};

class AcceptedHead : public ::testing::TestWithParam<Accepted> {};

TEST_P(AcceptedHead, IsReadTheSameHoweverItIsCut) {
  const Accepted& row = GetParam();
  SCOPED_TRACE(row.source);
  expect_outcome(row.stream, std::to_string(row.stream.size()).append(" ").append(row.expected));
}

INSTANTIATE_TEST_SUITE_P(RequestHead, AcceptedHead, ::testing::ValuesIn(kAccepted), RowName());

struct Refused {
  Source source;
  std::string_view stream;  // ends with the byte at which it is refused
  Fault fault;
  int status;
};

void PrintTo(const Refused& row, std::ostream* out) { *out << row.source; }

constexpr Refused kRefused[] = {
    // line ends
    {{"BareLfAfterVersion", "9112 §2.2", 3}, "GET / HTTP/1.1\n", Fault::bare_line_feed, 400},
    {{"BareLfAfterValue", "9112 §2.2", 3}, "GET / HTTP/1.1\r\nHost: a\n", Fault::bare_line_feed, 400},
    {{"BareLfBefore", "9112 §2.2", 3}, "\n", Fault::bare_line_feed, 400},
    {{"BareLfAtTheEnd", "9112 §2.2", 3}, "GET / HTTP/1.1\r\nHost: a\r\n\n", Fault::bare_line_feed, 400},
    {{"BareCrInValue", "9112 §2.2", 2}, "GET / HTTP/1.1\r\nHost: a\rb", Fault::bare_carriage_return, 400},
    {{"TwoCrsAfterValue", "9112 §2.2", 2}, "GET / HTTP/1.1\r\nHost: a\r\r", Fault::bare_carriage_return, 400},
    {{"BareCrAfterVersion", "9112 §2.2", 2}, "GET / HTTP/1.1\rH", Fault::bare_carriage_return, 400},
    {{"CrXAtTheEnd", "9112 §2.2", 2}, "GET / HTTP/1.1\r\nHost: a\r\n\rX", Fault::bare_carriage_return, 400},
    {{"BareCrBefore", "9112 §2.2", 2}, "\rG", Fault::bare_carriage_return, 400},
    {{"FiveEmptyLinesBefore", "9112 §2.2", 4}, "\r\n\r\n\r\n\r\n\r", Fault::malformed_request_line, 400},
    // request line
    {{"UnknownMethod", "9110 §9.1", 37}, "FOO ", Fault::unknown_method, 501},
    {{"MethodInLowerCase", "9110 §9.1", 37}, "get ", Fault::unknown_method, 501},
    {{"OverlongMethod", "9112 §3", 7}, "GETGETGE", Fault::unknown_method, 501},
    {{"Post", "9110 §15.5.6", 36}, "POST ", Fault::method_not_allowed, 405},
    {{"Put", "9110 §15.5.6", 36}, "PUT ", Fault::method_not_allowed, 405},
    {{"Delete", "9110 §15.5.6", 36}, "DELETE ", Fault::method_not_allowed, 405},
    {{"Connect", "9110 §15.5.6", 36}, "CONNECT ", Fault::method_not_allowed, 405},
    {{"Options", "9110 §15.5.6", 36}, "OPTIONS ", Fault::method_not_allowed, 405},
    {{"Trace", "9110 §15.5.6", 36}, "TRACE ", Fault::method_not_allowed, 405},
    {{"Patch", "9110 §15.5.6", 36}, "PATCH ", Fault::method_not_allowed, 405},
    {{"NoMethod", "9112 §3.2", 9}, " ", Fault::malformed_request_line, 400},
    {{"TabAfterMethod", "9112 §3", 9}, "GET\t", Fault::malformed_request_line, 400},
    {{"MethodOnly", "9112 §3", 9}, "GET\r", Fault::malformed_request_line, 400},
    {{"TlsRecord", "9112 §3", 6}, "\x16", Fault::tls_on_plain_port, 0},
    {{"NoTarget", "9112 §3.2", 9}, "GET  ", Fault::malformed_target, 400},
    {{"NoVersion", "9112 §3", 9}, "GET /\r", Fault::malformed_target, 400},
    {{"AsteriskForm", "9112 §3.2.4", 9}, "GET *", Fault::malformed_target, 400},
    {{"RelativeTarget", "9112 §3.2", 9}, "GET a", Fault::malformed_target, 400},
    {{"AuthorityForm", "9112 §3.2.3", 9}, "GET host:80 ", Fault::malformed_target, 400},
    {{"OtherScheme", "9112 §3.2.2", 11}, "GET w", Fault::malformed_target, 400},
    {{"SchemeThatBeginsLikeHttp", "9112 §3.2.2", 11}, "GET httpx://a/ ", Fault::malformed_target, 400},
    {{"SchemeWithOneSlash", "9112 §3.2.2", 11}, "GET http:/a ", Fault::malformed_target, 400},
    {{"NoAuthority", "9110 §4.2.1", 11}, "GET http:///a ", Fault::malformed_target, 400},
    {{"UserInformation", "9110 §4.2.4", 11}, "GET http://u@a/ ", Fault::malformed_target, 400},
    {{"BadPortInAuthority", "9112 §3.2.2", 11}, "GET http://a:b/ ", Fault::malformed_target, 400},
    {{"BackslashInAuthority", "9112 §3.2.2", 11}, "GET http://a\\b/ ", Fault::malformed_target, 400},
    {{"Fragment", "9112 §3.2", 9}, "GET /a#", Fault::malformed_target, 400},
    {{"NulInTarget", "9112 §3.2", 9}, "GET /\0"sv, Fault::malformed_target, 400},
    {{"TabInTarget", "9112 §3.2", 9}, "GET /\t", Fault::malformed_target, 400},
    {{"QuoteInTarget", "9112 §3.2", 9}, "GET /\"", Fault::malformed_target, 400},
    {{"NonAsciiInTarget", "9112 §2.2", 1}, "GET /\xc3", Fault::malformed_target, 400},
    {{"DelInTarget", "9112 §3.2", 9}, "GET /\x7f", Fault::malformed_target, 400},
    {{"TwoSpacesBeforeVersion", "9112 §3", 9}, "GET /  ", Fault::malformed_version, 400},
    {{"SpaceInTarget", "9112 §3.2", 9}, "GET /a b", Fault::malformed_version, 400},
    {{"VersionInLowerCase", "9112 §2.3", 9}, "GET / h", Fault::malformed_version, 400},
    {{"SpaceAfterVersion", "9112 §3", 9}, "GET / HTTP/1.1 ", Fault::malformed_version, 400},
    {{"LongMinorVersion", "9112 §2.3", 9}, "GET / HTTP/1.11", Fault::malformed_version, 400},
    {{"LongMajorVersion", "9112 §2.3", 9}, "GET / HTTP/11", Fault::malformed_version, 400},
    {{"NoMinorVersion", "9112 §2.3", 9}, "GET / HTTP/1\r", Fault::malformed_version, 400},
    {{"Http2", "9110 §15.6.6", 38}, "GET / HTTP/2.0\r", Fault::unsupported_http_version, 505},
    {{"Http0", "9110 §15.6.6", 38}, "GET / HTTP/0.9\r", Fault::unsupported_http_version, 505},
    // field lines
    {{"SpaceBeforeFirstField", "9112 §2.2", 5}, "GET / HTTP/1.1\r\n ", Fault::space_before_first_field, 400},
    {{"TabBeforeFirstField", "9112 §2.2", 5}, "GET / HTTP/1.1\r\n\t", Fault::space_before_first_field, 400},
    {{"ObsFold", "9112 §5.2", 14}, "GET / HTTP/1.1\r\nHost: a\r\n ", Fault::folded_line, 400},
    {{"ObsFoldWithTab", "9112 §5.2", 14}, "GET / HTTP/1.1\r\nHost: a\r\n\t", Fault::folded_line, 400},
    {{"SpaceBeforeColon", "9112 §5.1", 13}, "GET / HTTP/1.1\r\nHost ", Fault::malformed_field_name, 400},
    {{"TabBeforeColon", "9112 §5.1", 13}, "GET / HTTP/1.1\r\nHost\t", Fault::malformed_field_name, 400},
    {{"EmptyName", "9112 §5", 6}, "GET / HTTP/1.1\r\n:", Fault::malformed_field_name, 400},
    {{"NoColon", "9112 §5", 6}, "GET / HTTP/1.1\r\nHost\r", Fault::malformed_field_name, 400},
    {{"NoColonBareLf", "9112 §5", 6}, "GET / HTTP/1.1\r\nHost\n", Fault::malformed_field_name, 400},
    {{"NulInName", "9112 §5", 6}, "GET / HTTP/1.1\r\nHo\0"sv, Fault::malformed_field_name, 400},
    {{"NonAsciiInName", "9112 §2.2", 1}, "GET / HTTP/1.1\r\nH\xc3", Fault::malformed_field_name, 400},
    {{"NulInValue", "9110 §5.5", 26}, "GET / HTTP/1.1\r\nX: a\0"sv, Fault::control_character_in_value, 400},
    {{"BackspaceInValue", "9110 §5.5", 26}, "GET / HTTP/1.1\r\nX: \b", Fault::control_character_in_value, 400},
    {{"DelInValue", "9110 §5.5", 26}, "GET / HTTP/1.1\r\nX: a\x7f", Fault::control_character_in_value, 400},
    {{"VerticalTabInValue", "9110 §5.5", 26}, "GET / HTTP/1.1\r\nX: \v", Fault::control_character_in_value, 400},
    // Host
    {{"NoHost", "9112 §3.2", 10}, "GET / HTTP/1.1\r\n\r\n", Fault::missing_host, 400},
    {{"NoHostWithAbsoluteForm", "9112 §3.2", 10}, "GET http://a/ HTTP/1.1\r\n\r\n", Fault::missing_host, 400},
    {{"TwoHosts", "9112 §3.2", 10}, "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n", Fault::repeated_host, 400},
    {{"TheSameHostTwice", "9112 §3.2", 10}, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n", Fault::repeated_host, 400},
    {{"TwoHostsInHttp10", "9112 §3.2", 10}, "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n", Fault::repeated_host, 400},
    {{"EmptyHost", "9110 §4.2.1", 10}, "GET / HTTP/1.1\r\nHost:\r\n", Fault::invalid_host, 400},
    {{"HostWithPath", "9112 §3.2", 10}, "GET / HTTP/1.1\r\nHost: a/b\r\n", Fault::invalid_host, 400},
    {{"HostList", "9112 §3.2", 10}, "GET / HTTP/1.1\r\nHost: a, b\r\n", Fault::invalid_host, 400},
    {{"InvalidHostWithAbsoluteForm", "9112 §3.2", 10},
     "GET http://a/ HTTP/1.1\r\nHost: @\r\n",
     Fault::invalid_host,
     400},
    // framing
    {{"EmptyContentLength", "9112 §6.3", 18},
     "GET / HTTP/1.1\r\nContent-Length: \r\n",
     Fault::invalid_content_length,
     400},
    {{"NegativeContentLength", "9112 §6.3", 18},
     "GET / HTTP/1.1\r\nContent-Length: -1\r\n",
     Fault::invalid_content_length,
     400},
    {{"SignedContentLength", "9112 §6.3", 18},
     "GET / HTTP/1.1\r\nContent-Length: +1\r\n",
     Fault::invalid_content_length,
     400},
    {{"HexContentLength", "9112 §6.3", 18},
     "GET / HTTP/1.1\r\nContent-Length: 0x1\r\n",
     Fault::invalid_content_length,
     400},
    {{"ContentLengthList", "9112 §6.3", 18},
     "GET / HTTP/1.1\r\nContent-Length: 1, 1\r\n",
     Fault::invalid_content_length,
     400},
    {{"DifferingContentLengths", "9112 §6.3", 18},
     "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
     Fault::repeated_content_length,
     400},
    {{"EqualContentLengths", "9110 §8.6", 18},
     "GET / HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 0\r\n",
     Fault::repeated_content_length,
     400},
    {{"TransferEncodingThenContentLength", "9112 §6.3", 19},
     "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n",
     Fault::transfer_encoding_with_content_length,
     400},
    {{"ContentLengthThenTransferEncoding", "9112 §6.3", 19},
     "GET / HTTP/1.1\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n",
     Fault::transfer_encoding_with_content_length,
     400},
    {{"TransferEncodingInHttp10", "9112 §6.1", 15},
     "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n",
     Fault::transfer_encoding_in_http_1_0,
     400},
    {{"NotChunked", "9112 §6.3", 17},
     "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
     Fault::transfer_encoding_not_chunked,
     400},
    {{"EmptyTransferEncoding", "9112 §6.3", 17},
     "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ,\r\n\r\n",
     Fault::transfer_encoding_not_chunked,
     400},
    {{"ChunkedNotFinal", "9112 §6.3", 17},
     "GET / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n",
     Fault::transfer_encoding_not_chunked,
     400},
    {{"ChunkedNotFinalOverFields", "9112 §6.3", 17},
     "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
     Fault::transfer_encoding_not_chunked,
     400},
    {{"ChunkedTwice", "9112 §6.1", 17},
     "GET / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n",
     Fault::transfer_encoding_not_chunked,
     400},
    {{"ChunkedWithParameter", "9112 §7.1", 17},
     "GET / HTTP/1.1\r\nTransfer-Encoding: chunked;a=b\r\n",
     Fault::transfer_encoding_not_chunked,
     400},
    {{"QuotedChunked", "9112 §7", 17},
     "GET / HTTP/1.1\r\nTransfer-Encoding: \"chunked\"\r\n",
     Fault::transfer_encoding_not_chunked,
     400},
};

class RefusedHead : public ::testing::TestWithParam<Refused> {};

TEST_P(RefusedHead, IsRefusedAtTheOffendingByteHoweverItIsCut) {
  const Refused& row = GetParam();
  SCOPED_TRACE(row.source);
  const Refusal& refusal = refusal_for(row.fault);
  EXPECT_EQ(refusal.status, row.status);
  expect_outcome(row.stream, std::to_string(refusal.status).append(" ").append(refusal.text));
}

INSTANTIATE_TEST_SUITE_P(RequestHead, RefusedHead, ::testing::ValuesIn(kRefused), RowName());

std::string refused(Fault fault) {
  const Refusal& refusal = refusal_for(fault);
  return std::to_string(refusal.status).append(" ").append(refusal.text);
}

TEST(RequestHead, RefusesALongTargetAtTheFirstByteTooMany) {  // RFC 9112 §3, checklist 8
  const HeadLimits limits{.head_bytes = 200, .header_lines = 1, .target_bytes = 20};
  const std::string longest = "GET /" + std::string(19, 'a');
  expect_outcome(longest + "a", refused(Fault::target_too_long), limits);
  const std::string fits = longest + " HTTP/1.1\r\nHost: a\r\n\r\n";
  expect_outcome(fits, std::to_string(fits.size()) + " GET path=" + longest.substr(4) + " query= host=a keep-alive",
                 limits);
}

TEST(RequestHead, RefusesALargeHeadAtTheLimit) {  // RFC 6585 §5
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(50, 'x') + "\r\n\r\n";
  const std::string whole = std::to_string(head.size()) + " GET path=/ query= host=a keep-alive";
  for (std::size_t limit = 1; limit <= head.size(); ++limit) {
    SCOPED_TRACE(limit);
    const HeadLimits limits{.head_bytes = limit, .header_lines = 2, .target_bytes = 20};
    expect_outcome(head.substr(0, limit), limit == head.size() ? whole : refused(Fault::head_too_large), limits);
  }
}

TEST(RequestHead, CountsLinesWhateverTheirNames) {  // attack 18: cowboy CVE-2026-65624 counted distinct names
  const HeadLimits limits{.head_bytes = 2000, .header_lines = 3, .target_bytes = 20};
  const std::string three = "GET / HTTP/1.1\r\nHost: a\r\nA: \r\nA: \r\n";
  expect_outcome(three + "A", refused(Fault::too_many_header_lines), limits);
  expect_outcome(three + "\r\n", std::to_string(three.size() + 2) + " GET path=/ query= host=a keep-alive", limits);
}

TEST(RequestHead, TakesTheLargestLimits) {
  constexpr auto kLargest = static_cast<std::size_t>(-1);
  expect_outcome("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "27 GET path=/ query= host=a keep-alive",
                 {.head_bytes = kLargest, .header_lines = kLargest, .target_bytes = kLargest});
}

TEST(RequestHead, LeavesAPipelinedRequestAlone) {  // RFC 9112 §9.3.2, checklist 22
  constexpr std::string_view kTwo = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: b\r\n\r\n";
  const ExactBlock block(kTwo);
  RequestHead first, second;
  ASSERT_EQ(first.parse(block.view(), kLimits), HeadProgress::complete);
  EXPECT_EQ(first.path(), "/1");
  ASSERT_EQ(second.parse(block.view().substr(first.size()), kLimits), HeadProgress::complete);
  EXPECT_EQ(second.path(), "/2");
  EXPECT_EQ(second.host(), "b");
}

TEST(RequestHead, StaysWhatItIsWhenParsedAgain) {
  const ExactBlock good("GET / HTTP/1.1\r\nHost: a\r\n\r\nmore"), bad("GET / HTTP/1.1\nmore");
  RequestHead complete, refused_head;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(complete.parse(good.view(), kLimits), HeadProgress::complete);
    EXPECT_EQ(complete.size(), 27U);
    EXPECT_EQ(refused_head.parse(bad.view(), kLimits), HeadProgress::refused);
    EXPECT_EQ(refused_head.refusal().status, 400);
  }
}

TEST(RequestHead, IsIncompleteWithoutInput) {
  RequestHead head;
  EXPECT_EQ(head.parse({}, kLimits), HeadProgress::incomplete);
  EXPECT_EQ(head.parse("", kLimits), HeadProgress::incomplete);
}

TEST(RequestHead, KnowsTheMethodOfARefusedHead) {  // RFC 9110 §9.3.2: the refusal of a HEAD has no content
  RequestHead head;
  EXPECT_EQ(head.parse("HEAD * ", kLimits), HeadProgress::refused);
  EXPECT_TRUE(head.is_head());
}

TEST(RequestHead, ViewsFollowARebase) {
  std::string copy;
  RequestHead head;
  {
    const ExactBlock block("\r\nGET /a?b HTTP/1.1\r\nHost: c\r\nX: y\r\n\r\n");
    ASSERT_EQ(head.parse(block.view(), kLimits), HeadProgress::complete);
    copy = block.view();
  }
  head.rebase(copy.data());
  EXPECT_EQ(describe(head), "GET path=/a query=b host=c keep-alive");
  EXPECT_EQ(head.method(), "GET");
  EXPECT_EQ(head.target(), "/a?b");
  EXPECT_EQ(head.path_and_query(), "/a?b");
  EXPECT_TRUE(head.is_get());
  EXPECT_FALSE(head.is_head());
  EXPECT_EQ(head.headers()["X"], "y");
  EXPECT_EQ(head.headers().size(), 2U);
}

TEST(RequestHead, GivesPathAndQueryOfAnAbsoluteForm) {  // RFC 9112 §3.2.2, checklist 11
  struct {
    std::string_view target, path_and_query;
  } constexpr kRows[] = {{"http://a/b?c", "/b?c"}, {"http://a", "/"}, {"http://a/", "/"}, {"http://a?c", "?c"}};
  for (const auto& row : kRows) {
    const std::string text = "GET " + std::string(row.target) + " HTTP/1.1\r\nHost: x\r\n\r\n";
    RequestHead head;
    ASSERT_EQ(head.parse(text, kLimits), HeadProgress::complete) << row.target;
    EXPECT_EQ(head.path_and_query(), row.path_and_query);
    EXPECT_EQ(head.target(), row.target);
  }
}

// Attack 17, counted without a clock: each byte is overwritten with NUL as soon as it was looked at, and a parser that
// looked at it again would refuse the request. What is told at the end of its line stays: method, version, Host.
TEST(RequestHead, ScansEachByteOnce) {
  std::string fields;
  for (int i = 0; i < 90; ++i) fields += "X-Some-Name: " + std::string(600, i % 2 == 0 ? ',' : ' ') + "\r\n";
  const struct {
    std::string text;
    bool stays;
  } parts[] = {{"GET /", true},
               {std::string(4000, 'a'), false},
               {" HTTP/1.1\r\nHost: a\r\n", true},
               {fields, false},
               {"\r", false}};
  const HeadLimits limits{.head_bytes = 64 * 1024, .header_lines = 100, .target_bytes = 4096};
  std::string arrived;
  RequestHead head;
  for (const auto& part : parts) {
    for (const char byte : part.text) {
      arrived.push_back(byte);
      ASSERT_EQ(head.parse(arrived, limits), HeadProgress::incomplete) << "at byte " << arrived.size();
      if (!part.stays) arrived.back() = '\0';
    }
  }
  arrived.push_back('\n');
  EXPECT_EQ(head.parse(arrived, limits), HeadProgress::complete);
  EXPECT_EQ(head.host(), "a");
  EXPECT_EQ(head.size(), arrived.size());
}

}  // namespace
}  // namespace mote::proto
