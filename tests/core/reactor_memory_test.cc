#include "core/reactor.h"

#include <gtest/gtest.h>

#include <memory>
#include <new>
#include <vector>

#include "tests/support/allocation_counter.h"
#include "tests/support/process_facts.h"

namespace mote::core {
namespace {

struct Idle final : Source {
  void on_events(std::uint32_t) override {}
};

/// A source may have to go because memory cannot be had: what ends it must not ask for any.
TEST(ReactorMemory, OnlyAddAsksForMemory) {
  Reactor reactor;
  for (int round = 0; round < 3; ++round) {
    std::vector<Source*> sources;
    for (int i = 0; i < 100; ++i) {
      auto source = std::make_unique<Idle>();
      sources.push_back(source.get());
      reactor.add(std::move(source));
    }
    const test::AllocationCount count;
    for (Source* const source : sources) {
      reactor.make_ready(*source);
      reactor.at_turn_end(*source);
      reactor.arm(*source, std::chrono::milliseconds(1));
    }
    reactor.finish_turn();
    for (Source* const source : sources) reactor.remove(*source);
    reactor.finish_turn();
    EXPECT_EQ(count.calls(), 0U) << round;
  }
}

TEST(ReactorMemory, OneThatCannotBeMadeLeavesNoDescriptorOpen) {
  if (!test::AllocationLimit::works()) GTEST_SKIP() << "this sanitizer's operator new cannot be made to fail";
  const int before = test::open_descriptors();
  for (const std::size_t bytes : {16UL, 100UL, 4096UL}) {
    bool threw = false;
    try {
      const test::AllocationLimit limit(bytes);
      const Reactor reactor;
    } catch (const std::bad_alloc&) {
      threw = true;
    }
    EXPECT_TRUE(threw) << bytes;
    EXPECT_EQ(test::open_descriptors(), before) << bytes;
  }
}

}  // namespace
}  // namespace mote::core
