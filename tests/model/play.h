#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <mote/mote.h>

#include "tests/fault/world.h"
#include "tests/model/actor.h"
#include "tests/model/house.h"
#include "tests/model/line.h"
#include "tests/model/speech.h"

namespace mote::model {

/// A server of mote's and clients, or a client of mote's and servers, or both on one loop, that do anything, in an
/// order that a seed decides, all in one thread and in a time of their own. Whatever happens is compared with the
/// model.
class Play final : private fault::Director {
 public:
  /// `patience_ms`: how long to wait, in real time, for what the kernel may be late with.
  Play(std::uint64_t seed, std::string folder, int patience_ms, bool traces);

  /// What was wrong; empty for nothing.
  std::string perform();
  /// Connections that opened, and attempts at one.
  [[nodiscard]] std::size_t opened() const { return opened_; }
  [[nodiscard]] std::size_t attempts() const { return attempts_; }
  /// Whether its bytes go through TCP, which may be late.
  [[nodiscard]] bool uses_tcp() const { return house_.secure && cast_ != Cast::client; }

 private:
  enum class Cast { server, client, both };

  bool step() override;
  bool advance() override;
  [[nodiscard]] std::int64_t next_deadline_ms() const override;
  void stuck() override;
  void spins() override;

  void run_server();
  void run_client();
  void stop();
  void act();
  void let_in_another();
  bool connect_another();
  void destroy_client();
  void end();
  void check_client();
  void check_end();

  Random random_;
  House house_;
  Cast cast_;
  std::vector<std::unique_ptr<Line>> lines_;
  std::vector<OutgoingLine*> outgoing_;
  Actor actor_;
  std::string folder_;
  int patience_ms_;
  fault::Address address_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Client> client_;
  std::size_t actions_left_;
  std::size_t most_lines_;
  std::size_t attempts_ = 0;
  std::size_t opened_ = 0;
  unsigned endings_ = 0;
  std::int64_t wait_until_ms_ = 0;
};

}  // namespace mote::model
