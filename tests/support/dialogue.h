#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "proto/proxy_dialogue.h"
#include "tests/support/feed.h"

namespace mote::test {

/// What becomes of a dialogue with a proxy that says all of `stream`, whatever it is sent: what it was sent, ` | `
/// after each time, then `done` and the bytes that are left to the host, `more`, or why it failed.
template <class Dialogue>
std::string conversation(Dialogue& dialogue, std::string_view stream, const Feeding& feeding) {
  using State = proto::ProxyDialogue::State;
  std::string told = dialogue.take_output().append(" | ");
  std::size_t used = 0;
  for (const std::size_t arrived : feeding) {
    const ExactBlock block(stream.substr(used, arrived - used));
    const auto progress = dialogue.feed(block.view());
    used += progress.consumed;
    if (const std::string more = dialogue.take_output(); !more.empty()) told.append(more).append(" | ");
    if (progress.state == State::failed) return told.append(dialogue.failure());
    if (progress.state == State::done) return told.append("done ").append(stream.substr(used));
    if (used != arrived) return told.append("left some, and wants more");
  }
  return told.append("more");
}

}  // namespace mote::test
