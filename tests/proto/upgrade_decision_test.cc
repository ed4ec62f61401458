#include "proto/upgrade_decision.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace mote {
namespace {

using namespace std::string_view_literals;
using Access = UpgradeDecisionAccess;

const Headers kRequest{"Host: a\r\nSec-WebSocket-Protocol: chat, v2\r\nSec-WebSocket-Protocol: v3\r\n"};

TEST(UpgradeDecision, LeftAloneAccepts) {
  const UpgradeDecision decision = Access::make(kRequest, "chat");
  EXPECT_EQ(Access::status(decision), 101);
  EXPECT_EQ(Access::subprotocol(decision), "chat");
  EXPECT_EQ(Access::extra_lines(decision), "");
  EXPECT_EQ(Access::body(decision), "");
}

TEST(UpgradeDecision, TakesASubprotocolOfTheOffer) {  // RFC 6455 §4.2.2, checklist 50
  UpgradeDecision decision = Access::make(kRequest, "chat");
  decision.subprotocol("v3");
  EXPECT_EQ(Access::subprotocol(decision), "v3");
  decision.subprotocol("");
  EXPECT_EQ(Access::subprotocol(decision), "");
}

TEST(UpgradeDecision, TakesNoSubprotocolThatWasNotOffered) {  // RFC 6455 §4.2.2, checklist 50
  UpgradeDecision decision = Access::make(kRequest, "chat");
  for (const std::string_view name : {"v4", "Chat", "chat, v2", "v", "chat\r\nA: b"}) {
    EXPECT_THROW(decision.subprotocol(name), std::invalid_argument) << name;
  }
  EXPECT_EQ(Access::subprotocol(decision), "chat");
  UpgradeDecision without_offer = Access::make(Headers("Host: a\r\n"), "");
  EXPECT_THROW(without_offer.subprotocol("chat"), std::invalid_argument);
}

TEST(UpgradeDecision, AddsHeaders) {
  UpgradeDecision decision = Access::make(kRequest, "");
  decision.header("Set-Cookie", "a=b");
  decision.header("Set-Cookie", "c=d; Secure");
  decision.header("X-Empty", "");
  EXPECT_EQ(Access::extra_lines(decision), "Set-Cookie: a=b\r\nSet-Cookie: c=d; Secure\r\nX-Empty: \r\n");
}

TEST(UpgradeDecision, LetsNoHeaderInjectALine) {  // RFC 9110 §5.5, checklist 26; attack 25
  UpgradeDecision decision = Access::make(kRequest, "");
  EXPECT_THROW(decision.header("A", "b\r\nC: d"), std::invalid_argument);
  EXPECT_THROW(decision.header("A", "b\nc"), std::invalid_argument);
  EXPECT_THROW(decision.header("A", "b\0"sv), std::invalid_argument);
  EXPECT_THROW(decision.header("A: b\r\nC", "d"), std::invalid_argument);
  EXPECT_THROW(decision.header("", "d"), std::invalid_argument);
  EXPECT_EQ(Access::extra_lines(decision), "");
}

TEST(UpgradeDecision, LeavesTheHandshakesOwnHeadersAlone) {  // RFC 6455 §11.3.2 to §11.3.4, checklist 49, 50, 51
  UpgradeDecision decision = Access::make(kRequest, "");
  for (const std::string_view name :
       {"Upgrade", "connection", "Sec-WebSocket-Accept", "sec-websocket-extensions", "Sec-WebSocket-Protocol",
        "Sec-WebSocket-Version", "Content-Length", "Transfer-Encoding", "DATE"}) {
    EXPECT_THROW(decision.header(name, "x"), std::invalid_argument) << name;
  }
}

TEST(UpgradeDecision, RejectsWithAnErrorStatusOnly) {  // RFC 6455 §4.2.2, checklist 46
  UpgradeDecision decision = Access::make(kRequest, "");
  for (const int status : {-1, 0, 101, 200, 302, 399, 600, 1000}) {
    EXPECT_THROW(decision.reject(status, "no"), std::invalid_argument) << status;
  }
  EXPECT_EQ(Access::status(decision), 101);
  decision.reject(400);
  EXPECT_EQ(Access::status(decision), 400);
  EXPECT_EQ(Access::body(decision), "");
  decision.reject(599, "Come back\ntomorrow.");
  EXPECT_EQ(Access::status(decision), 599);
  EXPECT_EQ(Access::body(decision), "Come back\ntomorrow.");
}

TEST(UpgradeDecision, SaysWhatWasWrong) {
  UpgradeDecision decision = Access::make(kRequest, "");
  try {
    decision.reject(302);
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string_view(error.what()).find("302"), std::string_view::npos);
  }
}

}  // namespace
}  // namespace mote
