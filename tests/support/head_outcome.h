#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "proto/field_section.h"
#include "tests/support/feed.h"

namespace mote::test {

/// What a head comes to, for comparing: its size and Texts::complete(), Texts::refused(), or `incomplete`. Each read
/// sees the bytes so far in a new block: they have moved.
template <class Texts, class Limits>
std::string head_outcome(std::string_view stream, const Feeding& feeding, const Limits& limits) {
  typename Texts::Head head;
  for (const std::size_t arrived : feeding) {
    const ExactBlock block(stream.substr(0, arrived));
    switch (head.parse(block.view(), limits)) {
      case proto::HeadProgress::incomplete:
        break;
      case proto::HeadProgress::refused:
        return Texts::refused(head);
      case proto::HeadProgress::complete:
        return std::to_string(head.size()).append(" ").append(Texts::complete(head));
    }
  }
  return "incomplete";
}

/// That of every feeding, alone and with `more` bytes behind it.
template <class Texts, class Limits>
void expect_head_outcome(std::string_view stream, std::string_view expected, std::string_view more,
                         const Limits& limits) {
  for_every_feeding(stream.size(), [&](const Feeding& feeding) {
    EXPECT_EQ((head_outcome<Texts>(stream, feeding, limits)), expected) << "first read: " << feeding.front();
  });
  const std::string with_more = std::string(stream).append(more);
  EXPECT_EQ((head_outcome<Texts>(with_more, at_once(with_more.size()), limits)), expected) << "with bytes behind";
  for (std::size_t size = 0; size < stream.size(); ++size) {
    ASSERT_EQ((head_outcome<Texts>(stream, {size}, limits)), "incomplete") << "after " << size << " bytes";
  }
}

}  // namespace mote::test
