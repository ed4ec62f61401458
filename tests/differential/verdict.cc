#include "tests/differential/verdict.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "proto/close_code.h"
#include "proto/violation.h"
#include "tests/differential/header_facts.h"
#include "tests/differential/random_text.h"

namespace mote::differential {
namespace {

using enum proto::Violation;
using proto::Violation;

struct Comparison {
  const TestCase& test;
  const test::Outcome& mote;
  const BeastOutcome& beast;
};

struct Pair {
  Violation mote;
  std::string_view beast;
};

// Beast's names for mote's rules. It has none for the highest bit of a length, which is above each limit.
constexpr std::array kSameRule = {
    Pair{reserved_bits, "bad_reserved_bits"},
    Pair{unknown_opcode, "bad_opcode"},
    Pair{unmasked_frame, "bad_unmasked_frame"},
    Pair{masked_frame, "bad_masked_frame"},
    Pair{length_not_minimal, "bad_size"},
    Pair{length_high_bit, "message_too_big"},
    Pair{control_too_long, "bad_control_size"},
    Pair{control_fragmented, "bad_control_fragment"},
    Pair{stray_continuation, "bad_continuation"},
    Pair{interleaved_message, "bad_data_frame"},
    Pair{close_one_byte, "bad_close_size"},
    Pair{Violation::close_code, "bad_close_code"},
    Pair{close_reason_not_utf8, "bad_close_payload"},
    Pair{text_not_utf8, "bad_frame_payload"},
    Pair{message_too_big, "message_too_big"},
};

bool same_rule(Violation mote, std::string_view beast) {
  return std::any_of(kSameRule.begin(), kSameRule.end(),
                     [&](const Pair& pair) { return pair.mote == mote && pair.beast == beast; });
}

// One header may break several rules, and each parser looks for them in another order.
bool same_header(const HeaderFacts& facts, Violation mote, std::string_view beast) {
  const auto& broken = facts.broken;
  return std::find(broken.begin(), broken.end(), mote) != broken.end() &&
         std::any_of(broken.begin(), broken.end(), [&](Violation rule) { return same_rule(rule, beast); });
}

template <class Short, class Long>
bool begins(const Short& events, const Long& longer) {
  return events.size() <= longer.size() && std::equal(events.begin(), events.end(), longer.begin());
}

// The event that mote refused to give and Beast gave; empty where there is none.
std::string_view refused_event(const Comparison& c) {
  return c.mote.events.size() < c.beast.events.size() ? std::string_view(c.beast.events[c.mote.events.size()])
                                                      : std::string_view();
}

// 0 where no Close frame with a code has come.
unsigned received_close_code(const Comparison& c) {
  const auto close = look_at_headers(c.test.role, c.test.stream).close;
  if (!close || close->size() < 2) return 0;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned>(static_cast<unsigned char>((*close)[at])); };
  return byte(0) << 8 | byte(1);
}

// ---- Where only mote rejects, or mote does so earlier

bool header_is_unfinished(const Comparison& c) {
  if (!c.beast.refusal.empty() || c.mote.events != c.beast.events) return false;
  // With any bytes behind, Beast must come to the same answer.
  const std::string longer = c.test.stream + std::string(proto::kMaxHeaderBytes, '\0');
  const BeastOutcome later = read_with_beast(c.test.role, longer, c.test.limits.message_bytes, longer.size());
  if (later.events != c.beast.events) return false;
  return same_rule(c.mote.violation, later.refusal) ||
         same_header(look_at_headers(c.test.role, longer), c.mote.violation, later.refusal);
}

bool has_too_many_fragments(const Comparison& c) {
  return c.mote.violation == too_many_fragments &&
         look_at_headers(c.test.role, c.test.stream).most_fragments > c.test.limits.fragments;
}

bool close_code_is_above_4999(const Comparison& c) {
  return c.mote.violation == Violation::close_code && received_close_code(c) > 4999;
}

bool text_ends_inside_a_character(const Comparison& c) {
  constexpr std::string_view kind = "text:";
  const std::string_view event = refused_event(c);
  return c.mote.violation == text_not_utf8 && event.starts_with(kind) && !is_utf8(event.substr(kind.size()));
}

// ---- Where only Beast rejects, or Beast does so earlier

bool close_code_is_1014(const Comparison& c) {
  return c.beast.refusal == "bad_close_code" && received_close_code(c) == 1014;
}

struct Explanation {
  Difference difference;
  bool (*holds)(const Comparison& c);
};

constexpr std::array kStrictnesses = {
    Explanation{{"header is unfinished", "5.2",
                 "mote reports a rule with the byte that breaks it, Beast when the header is complete"},
                header_is_unfinished},
    Explanation{{"too many fragments", "10.4", "Beast has no limit for the number of fragments"},
                has_too_many_fragments},
    Explanation{{"close code above 4999", "7.4.2", "codes end at 4999, Beast takes those above as well"},
                close_code_is_above_4999},
    Explanation{{"text ends inside a character", "8.1",
                 "Beast does not look whether a text is complete where its last fragment is empty"},
                text_ends_inside_a_character},
};

constexpr std::array kLimitations = {
    Explanation{{"close code 1014", "7.4.2", "IANA registered 1014 (Bad Gateway) later than Beast's list was written"},
                close_code_is_1014},
};

std::string_view find(std::span<const Explanation> explanations, const Comparison& c) {
  for (const Explanation& explanation : explanations) {
    if (explanation.holds(c)) return explanation.difference.name;
  }
  return {};
}

std::string pair_of(Violation mote, std::string_view beast) {
  return std::string(proto::info_of(mote).text) + " | " + std::string(beast);
}

}  // namespace

Verdict judge(const TestCase& test, const test::Outcome& mote, const BeastOutcome& beast) {
  const Comparison c{test, mote, beast};
  const bool mote_rejects = mote.violation != none;
  const bool beast_rejects = !beast.refusal.empty();
  if (mote.events == beast.events) {
    if (!mote_rejects && !beast_rejects) {
      const bool closed = !mote.events.empty() && mote.events.back().starts_with("close:");
      return {Agreement::both_accept, closed ? "closed" : "open"};
    }
    if (mote_rejects && beast_rejects &&
        (same_rule(mote.violation, beast.refusal) ||
         same_header(look_at_headers(test.role, test.stream), mote.violation, beast.refusal))) {
      return {Agreement::both_reject, pair_of(mote.violation, beast.refusal)};
    }
  }
  if (mote_rejects && begins(mote.events, beast.events)) {
    const std::string_view name = find(kStrictnesses, c);
    if (!name.empty()) return {Agreement::only_mote_rejects, std::string(name)};
  }
  if (beast_rejects && begins(beast.events, mote.events)) {
    const std::string_view name = find(kLimitations, c);
    if (!name.empty()) return {Agreement::only_beast_rejects, std::string(name)};
  }
  return {};
}

const Difference& difference(std::string_view name) {
  for (const std::span<const Explanation> explanations :
       {std::span<const Explanation>(kStrictnesses), std::span<const Explanation>(kLimitations)}) {
    for (const Explanation& explanation : explanations) {
      if (explanation.difference.name == name) return explanation.difference;
    }
  }
  throw std::out_of_range(std::string(name));
}

}  // namespace mote::differential
