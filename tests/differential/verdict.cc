#include "tests/differential/verdict.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "proto/violation.h"
#include "tests/differential/random_text.h"
#include "tests/differential/slow_reader.h"

namespace mote::differential {
namespace {

using enum proto::Violation;
using proto::Violation;

struct Comparison {
  const TestCase& test;
  const test::Outcome& mote;
  const BeastOutcome& beast;
  const SlowReading& slow;
  bool header_unfinished;  // with more behind the stream, `slow` has judged it
};

struct Pair {
  Violation mote;
  std::string_view beast;
};

// Beast's names for mote's rules. It has none for the highest bit of a length, which is above each limit.
constexpr std::array kSameRule = {
    Pair{reserved_bits, "bad_reserved_bits"},
    Pair{compressed_bit_misplaced, "bad_reserved_bits"},
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
    Pair{compressed_data_invalid, "partial_deflate_block"},
    Pair{message_too_big, "message_too_big"},
};

bool same_rule(Violation mote, std::string_view beast) {
  if (mote == compressed_data_invalid && beast.starts_with("zlib::")) return beast != "zlib::end_of_stream";
  return std::any_of(kSameRule.begin(), kSameRule.end(),
                     [&](const Pair& pair) { return pair.mote == mote && pair.beast == beast; });
}

// A header, a message or a Close may break several rules, and each parser looks for them in another order.
bool both_found(const SlowReading& slow, Violation mote, std::string_view beast) {
  return slow.breaks(mote) &&
         std::any_of(slow.broken.begin(), slow.broken.end(), [&](Violation rule) { return same_rule(rule, beast); });
}

bool begins(const std::vector<std::string>& events, const std::vector<std::string>& longer) {
  return events.size() <= longer.size() && std::equal(events.begin(), events.end(), longer.begin());
}

// With any bytes behind, what is an unfinished header can be judged by those that look at whole ones.
std::string finished(const TestCase& test) { return test.stream + std::string(proto::kMaxHeaderBytes, '\0'); }

// Whether mote says what the slow reader does.
bool is_right(const test::Outcome& mote, const SlowReading& slow) {
  return mote.events == slow.events && (mote.violation == none ? slow.broken.empty() : slow.breaks(mote.violation));
}

bool is_message(std::string_view event) { return event.starts_with("text:") || event.starts_with("binary:"); }

// ---- Where only mote rejects, or mote does so earlier

bool header_is_unfinished(const Comparison& c) {
  if (!c.header_unfinished || !c.beast.refusal.empty() || c.mote.events != c.beast.events) return false;
  const BeastOutcome later = read_with_beast(c.test, finished(c.test));
  return later.events == c.beast.events && both_found(c.slow, c.mote.violation, later.refusal);
}

bool has_too_many_fragments(const Comparison& c) {
  return c.mote.violation == too_many_fragments && c.slow.breaks(too_many_fragments);
}

bool has_high_bit(const Comparison& c) { return c.test.rules.deflate && c.mote.violation == length_high_bit; }

bool close_code_is_above_4999(const Comparison& c) {
  return c.mote.violation == Violation::close_code && c.slow.close_code > 4999U;
}

bool text_ends_inside_a_character(const Comparison& c) {
  constexpr std::string_view kind = "text:";
  if (c.mote.violation != text_not_utf8 || c.mote.events.size() >= c.beast.events.size()) return false;
  const std::string_view event = c.beast.events[c.mote.events.size()];
  return event.starts_with(kind) && !is_utf8(event.substr(kind.size())) && begins_utf8(event.substr(kind.size()));
}

bool ends_otherwise(const Comparison& c) {
  return c.mote.violation == compressed_data_invalid && !c.slow.inflated.wrong && !c.slow.inflated.ends_as_asked;
}

bool refers_to_an_earlier_message(const Comparison& c) {
  return c.slow.inflated.too_far && !c.test.rules.deflate->context_takeover && c.slow.breaks(c.mote.violation);
}

bool payload_is_too_long(const Comparison& c) { return c.mote.violation == message_too_big && c.slow.payload_too_long; }

bool compressed_message_is_unfinished(const Comparison& c) {
  const auto others = c.beast.events.begin() + static_cast<std::ptrdiff_t>(c.mote.events.size());
  return c.slow.compressed_unfinished && c.slow.breaks(c.mote.violation) &&
         std::none_of(others, c.beast.events.end(), is_message);
}

// ---- Where only Beast rejects, or Beast does so earlier

bool close_code_is_1014(const Comparison& c) {
  return c.beast.refusal == "bad_close_code" && c.slow.close_code == 1014U;
}

bool has_a_final_block(const Comparison& c) { return c.beast.refusal == "zlib::end_of_stream" && c.slow.final_block; }

bool follows_an_empty_payload(const Comparison& c) { return c.slow.empty_payload; }

bool refers_beyond(const Comparison& c) { return c.beast.refusal == "zlib::invalid_distance" && c.slow.beyond_window; }

constexpr std::string_view kBeyondWindow = "reference beyond the window";

struct Explanation {
  Difference difference;
  bool (*holds)(const Comparison& c);
};

constexpr std::array kStrictnesses = {
    Explanation{{"header is unfinished", "RFC 6455 5.2",
                 "mote reports a rule with the byte that breaks it, Beast when the header is complete"},
                header_is_unfinished},
    Explanation{{"too many fragments", "RFC 6455 10.4", "Beast has no limit for the number of fragments"},
                has_too_many_fragments},
    Explanation{{"length with its highest bit", "RFC 6455 5.2",
                 "Beast has no rule for it, and no limit for the payload of a compressed message"},
                has_high_bit},
    Explanation{{"close code above 4999", "RFC 6455 7.4.2", "codes end at 4999, Beast takes those above as well"},
                close_code_is_above_4999},
    Explanation{{"text ends inside a character", "RFC 6455 8.1",
                 "Beast does not look whether a text is complete where its last fragment is empty"},
                text_ends_inside_a_character},
    Explanation{
        {"compressed message ends otherwise", "RFC 7692 7.2.1",
         "it has to end in the header of an empty stored block, Beast takes every end after which nothing comes "
         "out"},
        ends_otherwise},
    Explanation{{"reference to an earlier message", "RFC 7692 7.1.1",
                 "without context takeover there is none, Beast's inflater keeps its window all the same"},
                refers_to_an_earlier_message},
    Explanation{{"compressed payload too long", "RFC 6455 10.4",
                 "mote bounds also what a message has on the wire, Beast only what comes out"},
                payload_is_too_long},
    Explanation{{"compressed message is unfinished", "RFC 7692 7.2.2",
                 "what came of it is wrong already, Beast wants more bits, or the next bytes, before it looks"},
                compressed_message_is_unfinished},
};

constexpr std::array kLimitations = {
    Explanation{
        {"close code 1014", "RFC 6455 7.4.2", "IANA registered 1014 (Bad Gateway) later than Beast's list was written"},
        close_code_is_1014},
    Explanation{{"final block", "RFC 7692 7.2.3.4", "Beast takes the end of a DEFLATE stream for an error"},
                has_a_final_block},
    Explanation{{"compressed message without payload", "RFC 7692 7.2.3.6",
                 "mote takes it for an empty one, Beast's inflater is then inside of a block"},
                follows_an_empty_payload},
    Explanation{{kBeyondWindow, "RFC 7692 7.1.2",
                 "zlib, and Beast's inflater, refuse it where the bytes are no longer at hand, which the reads decide"},
                refers_beyond},
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
  SlowReading slow = read_slowly(test, test.stream);
  const bool header_unfinished = slow.header_unfinished && slow.broken.empty() && mote.violation != none;
  if (header_unfinished) slow = read_slowly(test, finished(test));
  if (!is_right(mote, slow)) {
    const bool refused = mote.violation == compressed_data_invalid && begins(mote.events, slow.events);
    if (slow.beyond_window && refused) return {Agreement::only_mote_rejects, std::string(kBeyondWindow)};
    return {Agreement::unexplained, "mote is wrong"};
  }
  const Comparison c{test, mote, beast, slow, header_unfinished};
  const bool mote_rejects = mote.violation != none;
  const bool beast_rejects = !beast.refusal.empty();
  if (mote.events == beast.events) {
    if (!mote_rejects && !beast_rejects) {
      const bool closed = !mote.events.empty() && mote.events.back().starts_with("close:");
      return {Agreement::both_accept, closed ? "closed" : "open"};
    }
    if (mote_rejects && beast_rejects && both_found(slow, mote.violation, beast.refusal)) {
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
  return {Agreement::unexplained, "the two differ"};
}

bool refers_beyond_window(const TestCase& test) { return read_slowly(test, test.stream).beyond_window; }

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
