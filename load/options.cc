#include "load/options.h"

#include <array>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace mote::load {

const std::string_view kUsage =
    R"(mote_load [OPTION...] URL        measures a WebSocket server that echoes
  URL                      ws://HOST[:PORT][/PATH], wss://..., or ws+unix:///SOCKET/FILE

Load
  --connections N          (1)
  --payload BYTES          of each message (20)
  --text, --binary         kind of message (text)
  --fill KIND              ascii, utf8 (one to four bytes a character), json (compresses well), random (binary only);
                           default: ascii for text, random for binary, json with --deflate
  --pipeline N             closed loop: so many messages of each connection are under way (1)
  --rate N                 open loop: so many messages a second on all connections together, whether or not the server
                           keeps up; a latency counts from when the message was due
  --verify                 compare every echoed byte (else kind and size)
  --deflate                offer permessage-deflate, and send compressed messages
  --seed N                 of what messages consist of (1)

Time, in seconds; decimals are fine
  --ramp S                 spread the connecting over this time; a closed loop begins on each connection at once (0)
  --warmup S               before measuring (1)
  --duration S             of measuring (10)
  --messages N             in place of these: exactly N messages, spread over the connections
  --timeout S              for an opening handshake, and for echoes that are missing at the end (10)

Connecting
  --concurrency N          opening handshakes at a time (128)
  --source-addresses N     connect from 127.0.0.1 to 127.0.0.N in turn: each has 28,000 ports or so
  --ca FILE                authorities for wss://, in PEM
  --insecure               with wss://: any certificate will do

Output
  --pid PID                the server's process: its CPU time and memory are measured, too
  --json FILE              all that was measured; - for standard output, in place of the summary
  --report FILE.html       a page that plots throughput over time and the latencies
  --quiet                  no summary, and no progress on a terminal
  --help

Exit code: 0 without errors, 1 with any, 2 for a command line that makes no sense, 3 where nothing could be measured.
)";

namespace {

struct NamedFill {
  std::string_view name;
  Fill fill;
};
constexpr std::array<NamedFill, 4> kFills = {
    NamedFill{"ascii", Fill::ascii}, {"utf8", Fill::utf8}, {"json", Fill::json}, {"random", Fill::random}};

std::string quoted(std::string_view text) { return std::string("\"").append(text).append("\""); }

[[noreturn]] void reject(std::string_view option, std::string_view needs, std::string_view value) {
  throw std::invalid_argument(
      std::string(option).append(" needs ").append(needs).append(", not ").append(quoted(value)));
}

/// Reads one argument after the other, and remembers which options there were.
class Parser {
 public:
  explicit Parser(std::span<const char* const> arguments) : arguments_(arguments) {}

  Options parse();

 private:
  bool take_load(std::string_view option);
  bool take_time(std::string_view option);
  bool take_other(std::string_view option);
  void complete();
  void check_combinations() const;
  void reject_together(const char* first, const char* second, bool both) const;

  std::string_view value(std::string_view option) {
    if (next_ == arguments_.size()) throw std::invalid_argument(std::string(option).append(" needs a value"));
    return arguments_[next_++];
  }
  std::string file(std::string_view option) {
    const std::string_view name = value(option);
    if (name.empty()) reject(option, "the name of a file", name);
    return std::string(name);
  }
  template <class Integer>
  Integer integer(std::string_view option, Integer least, Integer most);
  double number(std::string_view option, double least, double most);
  void take_fill(std::string_view option);

  std::span<const char* const> arguments_;
  std::size_t next_ = 0;
  Options options_;
  std::optional<Fill> fill_;
  bool has_times_ = false;
  bool has_pipeline_ = false;
};

template <class Integer>
Integer Parser::integer(std::string_view option, Integer least, Integer most) {
  const std::string_view text = value(option);
  Integer result{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
  if (error != std::errc{} || end != text.data() + text.size() || result < least || result > most) {
    reject(
        option,
        std::string("a whole number from ").append(std::to_string(least)).append(" to ").append(std::to_string(most)),
        text);
  }
  return result;
}

double Parser::number(std::string_view option, double least, double most) {
  const std::string_view text = value(option);
  double result = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  if (!whole || !(result >= least) || !(result <= most)) reject(option, "a number in its range", text);
  return result;
}

void Parser::take_fill(std::string_view option) {
  const std::string_view name = value(option);
  for (const NamedFill& known : kFills) {
    if (known.name == name) fill_ = known.fill;
  }
  if (!fill_ || name_of(*fill_) != name) reject(option, "ascii, utf8, json or random", name);
}

bool Parser::take_load(std::string_view option) {
  if (option == "--connections") {
    options_.connections = integer<std::uint32_t>(option, 1, 1'000'000);
  } else if (option == "--payload") {
    options_.payload_bytes = integer<std::size_t>(option, 0, std::size_t{1} << 28);
  } else if (option == "--text") {
    options_.text = true;
  } else if (option == "--binary") {
    options_.text = false;
  } else if (option == "--fill") {
    take_fill(option);
  } else if (option == "--pipeline") {
    options_.pipeline = integer<std::uint32_t>(option, 1, 65'536);
    has_pipeline_ = true;
  } else if (option == "--rate") {
    options_.rate = number(option, 1e-3, 1e8);
  } else if (option == "--verify") {
    options_.verify = true;
  } else if (option == "--deflate") {
    options_.deflate = true;
  } else if (option == "--seed") {
    options_.seed = integer<std::uint64_t>(option, 0, std::numeric_limits<std::uint64_t>::max());
  } else {
    return false;
  }
  return true;
}

bool Parser::take_time(std::string_view option) {
  constexpr double kDay = 86'400;
  if (option == "--ramp") {
    options_.ramp_s = number(option, 0, kDay);
  } else if (option == "--warmup") {
    options_.warmup_s = number(option, 0, kDay);
    has_times_ = true;
  } else if (option == "--duration") {
    options_.duration_s = number(option, 0.01, 30 * kDay);
    has_times_ = true;
  } else if (option == "--messages") {
    options_.messages = integer<std::uint64_t>(option, 1, std::uint64_t{1} << 50);
  } else if (option == "--timeout") {
    options_.timeout_s = number(option, 0.01, kDay);
  } else {
    return false;
  }
  return true;
}

bool Parser::take_other(std::string_view option) {
  if (option == "--concurrency") {
    options_.concurrency = integer<std::uint32_t>(option, 1, 1'000'000);
  } else if (option == "--source-addresses") {
    options_.source_addresses = integer<std::uint32_t>(option, 1, 254);
  } else if (option == "--ca") {
    options_.ca_file = file(option);
  } else if (option == "--insecure") {
    options_.insecure = true;
  } else if (option == "--pid") {
    options_.pid = integer<int>(option, 1, std::numeric_limits<int>::max());
  } else if (option == "--json") {
    options_.json_file = file(option);
  } else if (option == "--report") {
    options_.report_file = file(option);
  } else if (option == "--quiet") {
    options_.quiet = true;
  } else if (option == "--help") {
    options_.help = true;
  } else {
    return false;
  }
  return true;
}

void Parser::complete() {
  if (options_.messages) options_.warmup_s = 0;
  const Fill usual = options_.text ? Fill::ascii : Fill::random;
  options_.fill = fill_.value_or(options_.deflate ? Fill::json : usual);
}

void Parser::reject_together(const char* first, const char* second, bool both) const {
  if (both)
    throw std::invalid_argument(std::string(first).append(" and ").append(second).append(" exclude each other"));
}

void Parser::check_combinations() const {
  const std::string& url = options_.url;
  if (url.empty()) throw std::invalid_argument("the URL is missing");
  reject_together("--rate", "--pipeline", options_.rate.has_value() && has_pipeline_);
  reject_together("--messages", "--warmup or --duration", options_.messages.has_value() && has_times_);
  reject_together("--insecure", "--ca", options_.insecure && !options_.ca_file.empty());
  if (options_.text && options_.fill == Fill::random) {
    throw std::invalid_argument("--fill random is for --binary: text is UTF-8");
  }
  if (options_.messages && *options_.messages < options_.connections) {
    throw std::invalid_argument("--messages must be at least one for each of --connections");
  }
  const bool loopback = url.starts_with("ws://127.") || url.starts_with("wss://127.");
  if (options_.source_addresses != 0 && !loopback) {
    throw std::invalid_argument(
        std::string("--source-addresses is for servers at 127.0.0.0/8, not ").append(quoted(url)));
  }
}

Options Parser::parse() {
  while (next_ < arguments_.size()) {
    const std::string_view argument = arguments_[next_++];
    if (take_load(argument) || take_time(argument) || take_other(argument)) continue;
    if (argument.starts_with('-')) throw std::invalid_argument(std::string("unknown option ").append(argument));
    if (!options_.url.empty()) {
      throw std::invalid_argument(
          std::string("one URL, not ").append(quoted(options_.url)).append(" and ").append(quoted(argument)));
    }
    options_.url = argument;
  }
  complete();
  if (!options_.help) check_combinations();
  return std::move(options_);
}

}  // namespace

Options parse_options(std::span<const char* const> arguments) { return Parser(arguments).parse(); }

std::string_view name_of(Fill fill) {
  for (const NamedFill& known : kFills) {
    if (known.fill == fill) return known.name;
  }
  return {};
}

}  // namespace mote::load
