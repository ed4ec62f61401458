// A load generator for WebSocket servers that echo; docs/load.md shows what it is for, `mote_load --help` its options.

#include <mote/log.h>

#include <sys/resource.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <exception>
#include <fstream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "load/options.h"
#include "load/progress.h"
#include "load/report.h"
#include "load/run.h"

namespace mote::load {
namespace {

enum ExitCode { kGood = 0, kErrors = 1, kUsageError = 2, kNothingMeasured = 3 };

std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free);

/// The second Ctrl-C is the system's.
void end_on_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = true; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

void raise_descriptor_limit(std::size_t connections) {
  constexpr std::size_t kOthers = 32;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= connections + kOthers) return;
  throw std::runtime_error(std::to_string(connections)
                               .append(" connections need as many descriptors, and the limit is ")
                               .append(std::to_string(limit.rlim_cur))
                               .append(": raise it with ulimit -n"));
}

std::string time_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &parts)};
}

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void write_file(const std::string& name, std::string_view text) {
  std::ofstream file(name, std::ios::binary);
  file << text << std::flush;
  if (!file) throw std::runtime_error(std::string("cannot write ").append(name));
}

/// Before the measuring, so that no hours are lost.
void check_writable(const std::string& name) {
  if (name.empty() || name == "-") return;
  if (!std::ofstream(name, std::ios::app)) throw std::runtime_error(std::string("cannot write ").append(name));
}

void write_reports(const Measurement& measurement) {
  const Options& options = measurement.options;
  if (options.json_file == "-") {
    print(json_report(measurement));
  } else {
    if (!options.json_file.empty()) write_file(options.json_file, json_report(measurement));
    if (!options.quiet) print(text_report(measurement));
  }
  if (!options.report_file.empty()) write_file(options.report_file, html_report(measurement));
  std::fflush(stdout);
}

int fail(const char* why, int code) {
  std::fprintf(stderr, "mote_load: %s\n", why);
  if (code == kUsageError) std::fputs("mote_load --help lists the options\n", stderr);
  return code;
}

int run(const Options& options) {
  check_writable(options.json_file);
  check_writable(options.report_file);
  raise_descriptor_limit(options.connections);
  end_on_signals();
  set_logger(LogLevel::off, {});  // each fault is counted, and told once
  const std::string started = time_now();
  Measurement measurement;
  {
    Progress progress(options.quiet ? Progress::Wanted::no : Progress::Wanted::yes);
    measurement = Run(options, progress, interrupted).measure();
  }
  measurement.started = started;
  if (measurement.opened == 0) {
    if (measurement.interrupted) return fail("interrupted before there was a connection", kNothingMeasured);
    for (const auto& [text, count] : measurement.errors.texts) fail(text.c_str(), kNothingMeasured);
    return kNothingMeasured;
  }
  write_reports(measurement);
  if (options.quiet || options.json_file == "-") {
    for (const auto& [text, count] : measurement.errors.texts) {
      std::fprintf(stderr, "mote_load: %llu x %s\n", static_cast<unsigned long long>(count), text.c_str());
    }
  }
  return measurement.errors.total() == 0 ? kGood : kErrors;
}

}  // namespace
}  // namespace mote::load

int main(int count, char** arguments) {
  using namespace mote::load;
  try {
    const Options options = parse_options(std::span(arguments, static_cast<std::size_t>(count)).subspan(1));
    if (options.help) {
      print(kUsage);
      return kGood;
    }
    return run(options);
  } catch (const std::invalid_argument& error) {
    return fail(error.what(), kUsageError);
  } catch (const std::exception& error) {
    return fail(error.what(), kNothingMeasured);
  }
}
