#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <mote/mote.h>

#include "tests/fault/world.h"
#include "tests/model/actor.h"
#include "tests/model/far_end.h"
#include "tests/model/house.h"
#include "tests/model/speech.h"

namespace mote::model {

/// A server and some clients that do anything, in an order that a seed decides, all in one thread and in a time of
/// their own. Whatever happens is compared with the model.
class Play final : private fault::Director {
 public:
  Play(std::uint64_t seed, std::string folder, bool traces);

  /// What was wrong; empty for nothing.
  std::string perform();
  /// Connections that opened.
  [[nodiscard]] std::size_t opened() const;

 private:
  bool step() override;
  bool advance() override;
  [[nodiscard]] std::int64_t next_deadline_ms() const override;
  void stuck() override;
  void spins() override;

  void act();
  void let_in_another();
  void end();
  [[nodiscard]] Options random_options();

  Random random_;
  House house_;
  Actor actor_;
  std::string folder_;
  std::vector<std::unique_ptr<FarEnd>> clients_;
  std::unique_ptr<Server> server_;
  std::size_t actions_left_;
  std::size_t most_clients_;
  unsigned endings_ = 0;
  std::int64_t wait_until_ms_ = 0;
};

}  // namespace mote::model
