#pragma once

#include <cstddef>
#include <vector>

#include "core/block_cache.h"
#include "core/reactor.h"

namespace mote::net {

class Session;

/// Keeps what the connections of one loop hold within a budget: above it, those that hold most are closed until seven
/// eighths are left, so that who fills it again has to send that much before everybody is weighed again.
///
/// The reactor owns it. What a connection holds is what it has from the loop's BlockCache.
class MemoryGuard final : public core::Source {
 public:
  MemoryGuard(core::Reactor& reactor, core::BlockCache& blocks, std::size_t budget_bytes);
  ~MemoryGuard() override;

  [[nodiscard]] bool above_budget() const { return blocks_.lent_bytes() > budget_bytes_; }
  /// The answer to core::Announcement::weigh.
  void weigh(Session& session, std::size_t bytes);

 private:
  struct Weight {
    std::size_t bytes;
    Session* session;
  };

  void on_events(std::uint32_t) override {}
  void on_ready() override;
  void relieve();

  core::Reactor& reactor_;
  core::BlockCache& blocks_;
  const std::size_t budget_bytes_;
  std::vector<Weight> weights_;
};

}  // namespace mote::net
