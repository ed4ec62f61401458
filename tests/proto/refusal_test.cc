#include "proto/refusal.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string_view>

namespace mote::proto {
namespace {

constexpr auto kFaults = static_cast<std::size_t>(Fault::unavailable) + 1;

TEST(Refusal, EachHasAStatusAndALineOfText) {
  for (std::size_t i = 0; i < kFaults; ++i) {
    const Refusal& refusal = refusal_for(static_cast<Fault>(i));
    EXPECT_TRUE(refusal.status == 0 || (refusal.status >= 400 && refusal.status <= 599)) << i;
    EXPECT_TRUE(refusal.text.ends_with('.')) << refusal.text;
    EXPECT_EQ(refusal.text.find_first_of("\r\n"), std::string_view::npos) << refusal.text;
  }
}

TEST(Refusal, WhatBreaksARuleOfTheProtocolNamesIt) {
  for (auto i = static_cast<std::size_t>(Fault::bare_line_feed); i <= static_cast<std::size_t>(Fault::repeated_origin);
       ++i) {
    const Refusal& refusal = refusal_for(static_cast<Fault>(i));
    const bool policy = static_cast<Fault>(i) == Fault::method_not_allowed;
    EXPECT_EQ(refusal.rule.starts_with("RFC "), !policy) << refusal.text;
  }
}

TEST(Refusal, WhatTheServerDoesNotWantBreaksNone) {
  for (auto i = static_cast<std::size_t>(Fault::unknown_endpoint); i < kFaults; ++i) {
    EXPECT_TRUE(refusal_for(static_cast<Fault>(i)).rule.empty()) << i;
  }
}

TEST(Refusal, OfLimitsSayWhichAndWhetherToComeBack) {
  EXPECT_EQ(refusal_for(Fault::too_many_connections).status, 503);
  EXPECT_EQ(refusal_for(Fault::too_many_handshakes).status, 429);
  EXPECT_EQ(refusal_for(Fault::memory_used_up).status, 503);
}

}  // namespace
}  // namespace mote::proto
