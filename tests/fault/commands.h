#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include <mote/mote.h>

#include "tests/fault/ledger.h"

namespace mote::fault {

/// The user's part in every scenario: callbacks that send messages back, unless they are a command such as `!close`,
/// and that keep the ledger.
///
///     !close       closes with 4000          !abort     drops the connection        !throw    throws an exception
///     !ping        sends a ping              !flood     sends 40 messages of 64 KiB  !thread   another thread answers
///     !pause       stops reading for 50 ms   !prepared  sends a prepared message     !stop     ends the loop
///     !drain       the same, gently          !data      keeps state, then answers    !handler  has another callback
///     !info        answers with the path      !address  with the client's address and port
class Commands {
 public:
  explicit Commands(Ledger& ledger) : ledger_(ledger) {}

  [[nodiscard]] Handlers handlers();
  /// What `!stop` and `!drain` are about; null for a client's.
  void attach(Server* server) { server_ = server; }
  /// To be called every 50 ms: ends what `!pause` began.
  void tick();

 private:
  void obey(Connection& socket, std::string_view command);
  void flood(Connection& socket);
  void answer_from_another_thread(Connection& socket);

  Ledger& ledger_;
  Server* server_ = nullptr;
  std::optional<Handle> paused_;
  std::size_t to_flood_ = 0;
};

}  // namespace mote::fault
