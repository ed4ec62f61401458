// The conformance cases against a client: that each kind of fault in one is found.

#include "tests/conformance/server_opening.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/conformance/script.h"

namespace mote::conformance {
namespace {

constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";  // RFC 6455 §1.3

/// A correct request; of `replaced`, which is in it, another text is made.
std::string request_to(std::uint16_t port, std::string_view replaced = {}, std::string_view by = {}) {
  std::string request("GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n");
  request.append("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ").append(kKey).append("\r\n\r\n");
  request.replace(request.find(replaced), replaced.size(), by);
  if (const std::size_t at = request.find("PORT"); at != std::string::npos) {
    request.replace(at, 4, std::to_string(port));
  }
  return request;
}

/// What a client does after its last frame.
enum class Then : std::uint8_t { waits, ends, resets };

/// Plays a client: sends the request and, once something has come behind the response, the frames.
void play(std::uint16_t port, const std::string& request, const std::string& frames, Then then) {
  test::RawClient client(port);
  try {
    client.send(request);
    client.read_head();
    client.read_exactly(1);
    client.send(frames);
    if (then == Then::ends) client.shutdown_writing();
    if (then != Then::resets) client.read_to_end();
    if (then == Then::resets) client.reset();
  } catch (const test::ConnectionEnded&) {
  }
}

std::string complaint_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "none";
}

std::string complaint_about(const std::string& frames, Then then, const Script& script) {
  ServerOpening server;
  std::thread client(play, server.port(), request_to(server.port()), frames, then);
  std::string complaint = complaint_of([&] {
    Peer peer = server.accept({});
    script(peer, {});
  });
  client.join();
  return complaint;
}

std::string from_client(unsigned opcode, std::string_view payload, std::uint32_t key, bool fin = true) {
  return test::client_frame(opcode, payload, {.fin = fin, .key = key});
}

template <class Row>
std::string name_of(const testing::TestParamInfo<Row>& row) {
  return row.param.name;
}

// ---- The request

struct Request {
  const char* name;
  std::string replaced;
  std::string by;
  std::string complaint;
};

void PrintTo(const Request& row, std::ostream* out) { *out << row.name; }

class ClientRequests : public testing::TestWithParam<Request> {};

TEST_P(ClientRequests, AreHeldAgainstTheRfc) {
  ServerOpening server;
  test::RawClient client(server.port());
  client.send(request_to(server.port(), GetParam().replaced, GetParam().by));
  const std::string complaint = complaint_of([&] { server.accept({}); });
  EXPECT_NE(complaint.find(GetParam().complaint), std::string::npos) << complaint;
}

const std::string kOtherLines = "other header lines";

INSTANTIATE_TEST_SUITE_P(
    Conformance, ClientRequests,
    testing::Values(
        Request{"Correct", "", "", "none"}, Request{"AnyCase", "websocket", "WebSocket", "none"},
        Request{"Post", "GET", "POST", "expected GET"}, Request{"Http10", "HTTP/1.1", "HTTP/1.0", "expected GET"},
        Request{"OtherTarget", "GET / ", "GET /x ", "expected GET"},
        Request{"NoHost", "Host: 127.0.0.1:PORT\r\n", "", kOtherLines},
        Request{"OtherHost", "127.0.0.1:PORT", "127.0.0.1", "header Host"},
        Request{"NoUpgrade", "Upgrade: websocket\r\n", "", kOtherLines},
        Request{"OtherProtocol", "websocket", "h2c", "header Upgrade"},
        Request{"NoConnection", "Connection: Upgrade\r\n", "", kOtherLines},
        Request{"OtherConnection", "Connection: Upgrade", "Connection: close", "header Connection"},
        Request{"OtherVersion", ": 13", ": 8", "header Sec-WebSocket-Version"},
        Request{"VersionTwice", "Sec-WebSocket-Key", "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key", kOtherLines},
        Request{"Origin", "Upgrade: w", "Origin: x\r\nUpgrade: w", kOtherLines},
        Request{"KeyOf15Octets", std::string(kKey), "dGhlIHNhbXBsZSBub25j", "16 octets"},
        Request{"KeyOf17Octets", std::string(kKey), "dGhlIHNhbXBsZSBub25jZXM=", "16 octets"},
        Request{"KeyNotCanonical", "ZQ==", "ZR==", "16 octets"},
        Request{"TwoListsOfExtensions", "Upgrade: w",
                "Sec-WebSocket-Extensions: a\r\nSec-WebSocket-Extensions: b\r\nUpgrade: w", "more than one list"},
        Request{"FrameBehind", "\r\n\r\n", "\r\n\r\n\x89\x80", "octets behind the request"}),
    name_of<Request>);

TEST(ConformanceServer, FindsAKeyThatAnotherConnectionHad) {
  ServerOpening server;
  std::vector<test::RawClient> clients;
  for (const char* const complaint : {"none", "the key of another connection"}) {
    clients.emplace_back(server.port());
    clients.back().send(request_to(server.port()));
    EXPECT_TRUE(complaint_of([&] { server.accept({}); }).starts_with(complaint));
  }
}

TEST(ConformanceServer, FindsThatNothingIsOffered) {
  ServerOpening server;
  test::RawClient client(server.port());
  client.send(request_to(server.port()));
  EXPECT_EQ(complaint_of([&] { server.accept({{}}); }), "the client offers no permessage-deflate");
}

// ---- Frames and the end

const std::string kEcho = from_client(kText, "x", 0x12345678);
const std::string kClosed = from_client(kClose, "\x03\xE8", 0x9ABCDEF0);

/// What a client sends where an echo of "x" and Close 1000 are right, and what the case says to it.
struct Fault {
  const char* name;
  std::string frames;
  std::string complaint;
  Then then = Then::waits;
};

void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }

class ClientFaults : public testing::TestWithParam<Fault> {};

TEST_P(ClientFaults, AreFound) {
  const std::string complaint = complaint_about(GetParam().frames, GetParam().then, echoes(text("x")));
  EXPECT_NE(complaint.find(GetParam().complaint), std::string::npos) << complaint;
}

INSTANTIATE_TEST_SUITE_P(
    Conformance, ClientFaults,
    testing::Values(Fault{"None", kEcho + kClosed, "none"},
                    Fault{"OtherContent", from_client(kText, "y", 1) + kClosed, "different from octet 0"},
                    Fault{"NotMasked", test::client_frame(kText, "x", {.masked = false}), "an unmasked frame"},
                    Fault{"KeyOf0", from_client(kText, "x", 0) + kClosed, "a masking key of 0"},
                    Fault{"KeyOfTheFrameBefore", kEcho + from_client(kClose, "\x03\xE8", 0x12345678),
                          "the masking key of the frame before"},
                    Fault{"TwoKeysInTurn",
                          from_client(kText, "x", 1, false) + from_client(kContinuation, "", 2, false) +
                              from_client(kContinuation, "", 1, false) + from_client(kContinuation, "", 2) + kClosed,
                          "again and again"},
                    Fault{"EndsTcpFirst", kEcho + kClosed, "waits for its server to end TCP", Then::ends},
                    Fault{"OctetsAfterClose", kEcho + kClosed + kEcho, "waits for its server to end TCP"}),
    name_of<Fault>);

TEST(ConformanceServer, FindsAResetInPlaceOfAnEnd) {
  EXPECT_NE(complaint_about(kEcho + kClosed, Then::resets, echoes(text("x"))), "none");
}

TEST(ConformanceServer, DemandsThatAClientThatFailsTheConnectionEndsTcpItself) {
  const std::string failed = from_client(kClose, "\x03\xEA", 1);
  const Script script = is_closed(1002, {{.payload = "x", .reserved = 1}});
  EXPECT_EQ(complaint_about(failed, Then::ends, script), "none");
  EXPECT_NE(complaint_about(failed, Then::waits, script).find("still open"), std::string::npos);
}

// A Close of this end is answered or, where it is not legal, fails the connection: the code tells.
TEST(ConformanceServer, TellsAnAnswerToACloseFromAFailure) {
  const std::string failed = from_client(kClose, "\x03\xEA", 1);
  EXPECT_EQ(complaint_about(failed, Then::waits, is_closed(1002, {close_of(1002)})), "none");
  EXPECT_EQ(complaint_about(failed, Then::ends, is_closed(1002, {close_of(999)})), "none");
  EXPECT_EQ(complaint_about(failed, Then::ends, is_closed(1002, {{kClose, "a"}})), "none");
  EXPECT_EQ(complaint_about(from_client(kClose, "", 1), Then::waits, is_closed(1005, {{kClose}})), "none");
}

// ---- permessage-deflate

struct Answer {
  const char* name;
  std::string offers;
  std::vector<DeflateWish> wishes;
  std::string parameters;
  std::optional<DeflateTerms> terms;  // none: no answer
  OwnContext context = OwnContext::kept;
};

void PrintTo(const Answer& row, std::ostream* out) { *out << row.name; }

class Answers : public testing::TestWithParam<Answer> {};

TEST_P(Answers, AreWhatTheOfferAllows) {
  std::string response;
  std::optional<DeflateTerms> terms;
  try {
    const DeflateAnswer answer = answer_to(GetParam().offers, GetParam().wishes, GetParam().context);
    response = answer.response;
    terms = answer.terms;
  } catch (const Failure&) {
  }
  EXPECT_EQ(terms, GetParam().terms);
  EXPECT_EQ(response, terms ? "permessage-deflate" + GetParam().parameters : "");
}

INSTANTIATE_TEST_SUITE_P(
    Conformance, Answers,
    testing::Values(
        Answer{"Plain", "permessage-deflate", {{}}, "", DeflateTerms{}},
        Answer{"OwnContextDeclined",
               "permessage-deflate",
               {{}},
               "; server_no_context_takeover",
               DeflateTerms{true},
               OwnContext::declined},
        Answer{"AsMoteOffersIt",
               "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits",
               {{}},
               "; server_no_context_takeover; client_no_context_takeover",
               DeflateTerms{true, true}},
        Answer{
            "NoTakeover", "permessage-deflate", {{true, 0}}, "; client_no_context_takeover", DeflateTerms{false, true}},
        Answer{"Window",
               "permessage-deflate; client_max_window_bits",
               {{false, 9}},
               "; client_max_window_bits=9",
               DeflateTerms{false, false, 15, 9}},
        Answer{"WindowOf15",
               "permessage-deflate; client_max_window_bits",
               {{false, 15}},
               "; client_max_window_bits=15",
               DeflateTerms{}},
        Answer{"SmallerWindowOffered",
               "permessage-deflate; client_max_window_bits=8",
               {{false, 9}},
               "; client_max_window_bits=8",
               DeflateTerms{false, false, 15, 8}},
        Answer{"SmallerWindowOfferedAndNotWished",
               "permessage-deflate; client_max_window_bits=10",
               {{}},
               "",
               DeflateTerms{false, false, 15, 10}},
        Answer{"WindowCannotBeTold", "permessage-deflate", {{false, 9}}, "", std::nullopt},
        Answer{"NextWish",
               "permessage-deflate",
               {{true, 9}, {true, 0}},
               "; client_no_context_takeover",
               DeflateTerms{false, true}},
        Answer{"SecondOffer",
               "permessage-deflate; server_max_window_bits=8, permessage-deflate; client_max_window_bits",
               {{false, 9}},
               "; client_max_window_bits=9",
               DeflateTerms{false, false, 15, 9}},
        Answer{"WindowAskedFor",
               "permessage-deflate; server_max_window_bits=10",
               {{}},
               "; server_max_window_bits=10",
               DeflateTerms{false, false, 10}},
        Answer{"OtherExtension", "x-webkit-deflate-frame", {{}}, "", std::nullopt},
        Answer{"UnknownParameter", "permessage-deflate; x", {{}}, "", std::nullopt},
        Answer{"ParameterTwice",
               "permessage-deflate; client_max_window_bits; client_max_window_bits",
               {{}},
               "",
               std::nullopt},
        Answer{"WindowOf16", "permessage-deflate; client_max_window_bits=16", {{}}, "", std::nullopt},
        Answer{"ServerWindowWithoutValue", "permessage-deflate; server_max_window_bits", {{}}, "", std::nullopt},
        Answer{"NothingBehindAComma", "permessage-deflate,", {{}}, "", std::nullopt}),
    name_of<Answer>);

}  // namespace
}  // namespace mote::conformance
