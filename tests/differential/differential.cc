// Gives generated streams of frames to mote's reader and to Boost.Beast's. Where they differ there must be a written
// reason (verdict.cc), and mote must give the same wherever the reads cut a stream.
//
// differential [--streams N] [--seed S]   N streams, of the seeds from S on; without --seed from a random one on
// differential --one S                    that stream alone, shown with both outcomes
// differential --deflate ...              the same where permessage-deflate was agreed on

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/deflate_pool.h"
#include "proto/message_reader.h"
#include "proto/violation.h"
#include "tests/differential/beast_reader.h"
#include "tests/differential/slow_reader.h"
#include "tests/differential/test_case.h"
#include "tests/differential/verdict.h"
#include "tests/support/frame_stream.h"

namespace mote::differential {
namespace {

constexpr int kMostShown = 5;  // failures; one cause makes many

struct Options {
  std::uint64_t streams = 20'000;
  std::uint64_t seed = 0;
  bool one = false;
  Mode mode = Mode::plain;
};

// As those of a server's connections: all share one pool.
proto::MessageRules rules_of(const TestCase& test) {
  static const Compression settings;
  static proto::DeflatePool pool(settings);
  proto::MessageRules rules{.message_bytes = test.rules.message_bytes, .fragments = test.rules.fragments};
  if (const auto& deflate = test.rules.deflate) {
    rules.deflate = &pool;
    rules.context_takeover = deflate->context_takeover;
    rules.window_bits = deflate->window_bits;
  }
  return rules;
}

test::Outcome read_in_pieces(const TestCase& test) {
  test::StreamFeeder feeder(test.role, test.stream, rules_of(test));
  for (const std::size_t arrived : test.reads) {
    // The reader may have room for less than has arrived.
    while (!feeder.over() && feeder.outcome().arrived < arrived) {
      if (test.direct) {
        feeder.feed_directly(arrived - feeder.outcome().arrived);
      } else {
        feeder.feed_to(arrived);
      }
    }
  }
  return feeder.outcome();
}

bool same_in_pieces(const test::Outcome& at_once, const test::Outcome& in_pieces) {
  return at_once.events == in_pieces.events && at_once.violation == in_pieces.violation;
}

// ---- What a failure looks like

void print_event(std::string_view event) {
  constexpr std::size_t most = 60;
  std::fputs("    ", stdout);
  for (const char c : event.substr(0, most)) {
    if (c >= ' ' && c <= '~') {
      std::putchar(c);
    } else {
      std::printf("\\x%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  std::printf("  (%zu bytes)\n", event.size());
}

void print_outcome(const char* who, const std::vector<std::string>& events, std::string_view end) {
  std::printf("  %s: %zu events, then %s\n", who, events.size(),
              end.empty() ? "no objection" : std::string(end).c_str());
  for (const std::string& event : events) print_event(event);
}

void print_outcome(const char* who, const test::Outcome& outcome) {
  const bool accepts = outcome.violation == proto::Violation::none;
  print_outcome(who, outcome.events, accepts ? std::string_view() : proto::info_of(outcome.violation).text);
}

void print_slow_reading(const SlowReading& slow) {
  std::string broken;
  for (const proto::Violation rule : slow.broken) broken.append("[").append(proto::info_of(rule).text).append("] ");
  print_outcome("the slow reader", slow.events, broken);
}

void print_case(const TestCase& test) {
  constexpr std::size_t most = 4096;
  constexpr std::size_t in_a_line = 32;
  const std::string_view stream = test.stream;
  for (std::size_t i = 0; i < std::min(most, stream.size()); ++i) {
    if (i % in_a_line == 0) std::printf("%s  %06zx ", i == 0 ? "" : "\n", i);
    std::printf(" %02x", static_cast<unsigned>(static_cast<unsigned char>(stream[i])));
  }
  std::printf("\n  %zu bytes%s for a %s; messages to %llu bytes and %u fragments", stream.size(),
              stream.size() > most ? ", of which the first are shown," : "",
              test.role == proto::Role::server ? "server" : "client",
              static_cast<unsigned long long>(test.rules.message_bytes), test.rules.fragments);
  if (const auto& deflate = test.rules.deflate) {
    std::printf(", compressed %s context takeover in a window of %d bits",
                deflate->context_takeover ? "with" : "without", deflate->window_bits);
  }
  std::printf("\n");
}

// ---- The run

class Run {
 public:
  explicit Run(const Options& options) : options_(options) {}

  int run() {
    std::printf("seed %llu\n", static_cast<unsigned long long>(options_.seed));
    for (std::uint64_t i = 0; i < options_.streams; ++i) compare(options_.seed + i);
    if (!options_.one) print_counts();
    std::printf("%llu passed, %llu failed\n", static_cast<unsigned long long>(options_.streams - failed_),
                static_cast<unsigned long long>(failed_));
    return failed_ == 0 ? 0 : 1;
  }

 private:
  void compare(std::uint64_t seed) {
    const TestCase test = make_case(seed, options_.mode);
    const test::Outcome at_once =
        test::outcome_of(test.role, test.stream, test::at_once(test.stream.size()), rules_of(test));
    const test::Outcome in_pieces = read_in_pieces(test);
    const BeastOutcome beast = read_with_beast(test, test.stream);
    const Verdict verdict = judge(test, at_once, beast);
    const bool same = same_in_pieces(at_once, in_pieces) || refers_beyond_window(test);
    ++counts_[{verdict.agreement, verdict.reason}];
    const bool fails = !same || verdict.agreement == Agreement::unexplained;
    if (fails) ++failed_;
    if (!options_.one && (!fails || failed_ > kMostShown)) return;
    std::printf("%s; replay with %s--one %llu\n", same ? verdict.reason.c_str() : "mote reads another thing in pieces",
                options_.mode == Mode::deflate ? "--deflate " : "", static_cast<unsigned long long>(seed));
    print_case(test);
    print_outcome("mote", at_once);
    if (!same) print_outcome("mote in pieces", in_pieces);
    print_outcome("Boost.Beast", beast.events, beast.refusal);
    print_slow_reading(read_slowly(test, test.stream));
  }

  void print_counts() const {
    Agreement heading = Agreement::unexplained;
    for (const auto& [what, count] : counts_) {
      const auto& [agreement, reason] = what;
      if (agreement == Agreement::unexplained) continue;
      if (heading != agreement) std::printf("%s\n", heading_of(agreement));
      heading = agreement;
      std::printf("  %9llu  %s%s\n", static_cast<unsigned long long>(count), reason.c_str(),
                  explanation_of(agreement, reason).c_str());
    }
  }

  static const char* heading_of(Agreement agreement) {
    switch (agreement) {
      case Agreement::both_accept:
        return "both accept";
      case Agreement::both_reject:
        return "both reject (mote | Boost.Beast)";
      case Agreement::only_mote_rejects:
        return "only mote rejects, or earlier";
      case Agreement::only_beast_rejects:
        return "only Boost.Beast rejects, or earlier";
      case Agreement::unexplained:
        break;
    }
    return "unexplained";
  }

  static std::string explanation_of(Agreement agreement, const std::string& reason) {
    if (agreement == Agreement::both_accept || agreement == Agreement::both_reject) return {};
    const Difference& found = difference(reason);
    return " (" + std::string(found.section) + "): " + std::string(found.why);
  }

  Options options_;
  std::map<std::pair<Agreement, std::string>, std::uint64_t> counts_;
  std::uint64_t failed_ = 0;
};

std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 16;
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw std::invalid_argument("not a number: " + std::string(text));
  }
  return value;
}

Options parse(const std::vector<std::string_view>& arguments) {
  Options options{.seed = random_seed()};
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view name = arguments[i];
    if (name == "--deflate") {
      options.mode = Mode::deflate;
      continue;
    }
    if (i + 1 == arguments.size() || (name != "--streams" && name != "--seed" && name != "--one")) {
      throw std::invalid_argument("usage: differential [--deflate] [--streams N] [--seed S] [--one SEED]");
    }
    const std::uint64_t value = number(arguments[++i]);
    (name == "--streams" ? options.streams : options.seed) = value;
    options.one = options.one || name == "--one";
  }
  if (options.one) options.streams = 1;
  return options;
}

}  // namespace
}  // namespace mote::differential

int main(int argc, char** argv) {
  try {
    return mote::differential::Run(mote::differential::parse({argv + 1, argv + argc})).run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "differential: %s\n", error.what());
    return 2;
  }
}
