#include "proto/socks5.h"

#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/dialogue.h"

namespace mote::proto {
namespace {

using namespace std::string_view_literals;
using mote::test::Feeding;
using mote::test::for_every_feeding;
using mote::test::RowName;
using mote::test::Source;

const std::optional<Credentials> kNone;
const std::optional<Credentials> kSome = Credentials{"me", "secret"};

constexpr std::string_view kGreeting = "\x05\x01\x00 | "sv;
constexpr std::string_view kGreetingWithCredentials = "\x05\x02\x00\x02 | "sv;
constexpr std::string_view kCredentials = "\x01\x02me\x06secret | "sv;
constexpr std::string_view kRequest =
    "\x05\x01\x00\x03\x09"
    "a.example\x1F\x90 | "sv;  // port 8080
constexpr std::string_view kReply = "\x05\x00\x00\x01\x7F\x00\x00\x01\x04\x38"sv;

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const std::string_view part : parts) out.append(part);
  return out;
}

struct Row {
  Source source;
  std::optional<Credentials> credentials;
  std::string stream;
  std::string expected;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.source; }

std::vector<Row> rows() {
  const auto replied = [](const char* name, const char* section, std::string_view reply, std::string_view expected) {
    return Row{{name, section}, kNone, joined({"\x05\x00"sv, reply}), joined({kGreeting, kRequest, expected})};
  };
  return {
      replied("Granted", "1928 §6", kReply, "done "),
      replied("WhatFollowsIsTheHosts", "1928 §6", joined({kReply, "\x05\x00\r\n"sv}), "done \x05\x00\r\n"sv),
      replied("BoundToIpv6", "1928 §6", joined({"\x05\x00\x00\x04"sv, std::string(18, 'x'), "y"}), "done y"),
      replied("BoundToAName", "1928 §6",
              "\x05\x00\x00\x03\x02"
              "ab\x00\x00y"sv,
              "done y"),
      replied("BoundToAnEmptyName", "1928 §6", "\x05\x00\x00\x03\x00\x00\x00y"sv, "done y"),
      replied("BoundToALongName", "1928 §6", joined({"\x05\x00\x00\x03\xFF"sv, std::string(257, 'x'), "y"}), "done y"),
      replied("ReservedByteIsNotLookedAt", "1928 §6", "\x05\x00\xAA\x01\x00\x00\x00\x00\x00\x00"sv, "done "),
      replied("ShortByOne", "1928 §6", kReply.substr(0, 9), "more"),
      replied("GeneralFailure", "1928 §6", "\x05\x01"sv, "proxy: general failure of the SOCKS server"),
      replied("NotAllowed", "1928 §6", "\x05\x02"sv, "proxy: its rules do not allow the connection"),
      replied("NetworkUnreachable", "1928 §6", "\x05\x03"sv, "proxy: network is unreachable"),
      replied("HostUnreachable", "1928 §6", "\x05\x04"sv, "proxy: host is unreachable"),
      replied("Refused", "1928 §6", "\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00"sv, "proxy: connection is refused"),
      replied("TtlExpired", "1928 §6", "\x05\x06"sv, "proxy: TTL expired"),
      replied("NoConnect", "1928 §6", "\x05\x07"sv, "proxy: it does not know CONNECT"),
      replied("NoSuchAddress", "1928 §6", "\x05\x08"sv, "proxy: it does not know this type of address"),
      replied("UnassignedReply", "1928 §6", "\x05\x09"sv, "proxy: it refused for a reason that RFC 1928 has not"),
      replied("LastUnassignedReply", "1928 §6", "\x05\xFF"sv, "proxy: it refused for a reason that RFC 1928 has not"),
      replied("ReplyOfVersion4", "1928 §6", "\x04"sv, "proxy: its reply is malformed (RFC 1928 6)"),
      replied("UnknownAddressType", "1928 §5", "\x05\x00\x00\x02"sv,
              "proxy: its reply has an unknown type of address (RFC 1928 5)"),
      {{"NoAuthenticationAlthoughOffered", "1928 §3"},
       kSome,
       joined({"\x05\x00"sv, kReply}),
       joined({kGreetingWithCredentials, kRequest, "done "})},
      {{"UserAndPassword", "1929 §2"},
       kSome,
       joined({"\x05\x02\x01\x00"sv, kReply, "x"}),
       joined({kGreetingWithCredentials, kCredentials, kRequest, "done x"})},
      {{"WrongPassword", "1929 §2"},
       kSome,
       "\x05\x02\x01\x01",
       joined({kGreetingWithCredentials, kCredentials, "proxy: it does not take this user and password (RFC 1929 2)"})},
      {{"MalformedAnswerToThem", "1929 §2"},
       kSome,
       "\x05\x02\x05",
       joined({kGreetingWithCredentials, kCredentials,
               "proxy: its answer to user and password is malformed (RFC 1929 2)"})},
      {{"NothingYet", "1928 §3"}, kNone, "\x05", joined({kGreeting, "more"})},
      {{"Http", "1928 §3"}, kNone, "H", joined({kGreeting, "proxy: it does not speak SOCKS5 (RFC 1928 3)"})},
      {{"WantsAuthentication", "1928 §3"},
       kNone,
       "\x05\xFF",
       joined({kGreeting, "proxy: it wants authentication; user and password go into the option proxy (RFC 1928 3)"})},
      {{"TakesNoMethod", "1928 §3"},
       kSome,
       "\x05\xFF",
       joined({kGreetingWithCredentials, "proxy: it takes neither user and password nor none (RFC 1928 3)"})},
      {{"PasswordNotOffered", "1928 §3"},
       kNone,
       "\x05\x02",
       joined({kGreeting, "proxy: it chose an authentication that was not offered (RFC 1928 3)"})},
      {{"MethodNotOffered", "1928 §3"},
       kSome,
       "\x05\x01",
       joined({kGreetingWithCredentials, "proxy: it chose an authentication that was not offered (RFC 1928 3)"})},
  };
}

class Socks5Dialogue : public testing::TestWithParam<Row> {};

TEST_P(Socks5Dialogue, GoesTheSameWayHoweverItIsCut) {
  const Row& row = GetParam();
  for_every_feeding(row.stream.size(), [&](const Feeding& feeding) {
    Socks5 dialogue("a.example", 8080, row.credentials);
    // A real proxy waits for what it is sent; one that does not gets the same.
    std::string told = mote::test::conversation(dialogue, row.stream, feeding);
    std::string expected = row.expected;
    for (std::string* text : {&told, &expected}) {
      for (std::size_t at; (at = text->find(" | ")) != std::string::npos;) text->erase(at, 3);
    }
    EXPECT_EQ(told, expected) << "first read: " << feeding.front();
  });
}

INSTANTIATE_TEST_SUITE_P(Rows, Socks5Dialogue, testing::ValuesIn(rows()), RowName());

TEST(Socks5, SaysOneThingAtATime) {  // RFC 1928 §3: the request comes after the method
  Socks5 dialogue("a.example", 8080, kSome);
  EXPECT_EQ(dialogue.take_output(), kGreetingWithCredentials.substr(0, 4));
  EXPECT_EQ(dialogue.take_output(), "");
  EXPECT_EQ(dialogue.feed("\x05").consumed, 1U);
  EXPECT_EQ(dialogue.take_output(), "");
  EXPECT_EQ(dialogue.feed("\x02").consumed, 1U);
  EXPECT_EQ(dialogue.take_output(), kCredentials.substr(0, kCredentials.size() - 3));
  EXPECT_EQ(dialogue.feed("\x01\x00"sv).consumed, 2U);
  EXPECT_EQ(dialogue.take_output(), kRequest.substr(0, kRequest.size() - 3));
  const auto progress = dialogue.feed(kReply);
  EXPECT_EQ(progress.state, ProxyDialogue::State::done);
  EXPECT_EQ(progress.consumed, kReply.size());
  EXPECT_EQ(dialogue.take_output(), "");
}

std::string request_for(std::string_view host, std::uint16_t port) {
  Socks5 dialogue(host, port, kNone);
  static_cast<void>(dialogue.take_output());
  static_cast<void>(dialogue.feed("\x05\x00"sv));
  return dialogue.take_output();
}

TEST(Socks5, AsksForAddressesAsAddressesAndForNamesAsNames) {  // RFC 1928 §5
  EXPECT_EQ(request_for("a", 1),
            "\x05\x01\x00\x03\x01"
            "a\x00\x01"sv);
  EXPECT_EQ(request_for("127.0.0.1", 65535), "\x05\x01\x00\x01\x7F\x00\x00\x01\xFF\xFF"sv);
  EXPECT_EQ(request_for("2001:db8::ff", 443),
            "\x05\x01\x00\x04\x20\x01\x0D\xB8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xFF\x01\xBB"sv);
  const std::string longest(253, 'a');
  EXPECT_EQ(request_for(longest, 80), joined({"\x05\x01\x00\x03\xFD"sv, longest, "\x00\x50"sv}));
}

}  // namespace
}  // namespace mote::proto
