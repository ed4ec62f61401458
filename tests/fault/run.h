#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <mote/mote.h>

#include "tests/fault/commands.h"
#include "tests/fault/ledger.h"
#include "tests/fault/plan.h"
#include "tests/fault/scenario.h"
#include "tests/fault/stage.h"
#include "tests/fault/world.h"

namespace mote::fault {

/// What a run came to.
struct Outcome {
  unsigned hits = 0;
  std::array<unsigned, kCalls> uses{};
  std::string failure;  ///< Empty where everything was as it should be.
};

/// One scenario with at most one fault, in four acts: a bystander opens a connection; the scenario's peers play, and
/// the fault strikes; when it is gone the bystander is still served, and so is a newcomer; the loop ends. After that
/// nothing is left of any of it.
class Run final : private Director {
 public:
  /// `patience_ms`: how long to wait for TCP.
  Run(const Scenario& scenario, const std::optional<Plan>& plan, std::string folder, int patience_ms);

  Outcome play();

 private:
  enum class Act { opening, faults, after, ending };

  bool step() override;
  bool advance() override;
  [[nodiscard]] std::int64_t next_deadline_ms() const override;
  void stuck() override;
  void spins() override;

  void perform();
  void make();
  void make_anew();
  void replace_lame_one();
  void turn();
  void begin_act(Act act);
  void begin_faults();
  void end_faults();
  bool all_done() const;
  [[nodiscard]] bool client_has_given_up() const;
  void call_off_late_ones();
  void connect_all();
  void connect(const Stage::Connecting& to);
  void check_end();
  void say_goodbye();
  void stop_loop();
  void fail(const std::string& why);
  void judge(const Peer& peer);
  void judge_the_others();
  [[nodiscard]] bool bystander_was_hit() const;

  const Scenario& scenario_;
  const std::optional<Plan> plan_;
  Stage stage_;
  int patience_ms_ = 0;
  Ledger ledger_;
  Commands commands_;
  std::unique_ptr<World> world_;
  Act act_ = Act::opening;
  std::int64_t act_began_ms_ = 0;
  unsigned troubles_ = 0;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Client> client_;
  std::unique_ptr<Peer> bystander_;
  std::unique_ptr<Peer> newcomer_;
  std::size_t connections_ = 0;  // of the client: that were begun
  Outcome outcome_;
};

}  // namespace mote::fault
