#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <mote/options.h>

#include "tests/fault/world.h"
#include "tests/model/verdict.h"

namespace mote::model {

/// What all connections of a play have in common.
struct House {
  Options options = {};             ///< A client has those of the same name.
  bool secure = false;              ///< They go through TLS.
  bool announces_attempts = false;  ///< Each has its own callbacks, and so its own configure.
  Verdict verdict;
  bool stopped = false;                          ///< Server::stop or Client::stop was called.
  std::optional<std::int64_t> drained_ms = {};   ///< When Server::drain was called first.
  std::optional<std::int64_t> deadline_ms = {};  ///< The earliest that was given with it.
  bool inside_call = false;                      ///< A method of mote's runs: nobody may be called back.

  static std::int64_t now_ms() {
    return fault::World::present() != nullptr ? fault::World::present()->milliseconds() : 0;
  }
  void note(const std::string& text) const { verdict.note(now_ms(), text); }
  void require(bool true_one, const std::string& else_wrong) {
    if (!true_one) verdict.fail(else_wrong);
  }
};

}  // namespace mote::model
