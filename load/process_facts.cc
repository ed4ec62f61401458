#include "load/process_facts.h"

#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <string>
#include <system_error>

#include "load/clock.h"

namespace mote::load {
namespace {

std::string first_line(int pid, std::string_view file) {
  std::ifstream stream(std::string("/proc/").append(std::to_string(pid)).append("/").append(file));
  std::string line;
  std::getline(stream, line);
  return line;
}

/// Cuts the first word off `text`.
std::string_view next_word(std::string_view& text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  text.remove_prefix(begin);
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

std::optional<std::int64_t> number(std::string_view word) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size() || word.empty()) return std::nullopt;
  return value;
}

std::int64_t ns_of_timeval(const timeval& time) { return time.tv_sec * kSecond + time.tv_usec * 1000; }

}  // namespace

std::optional<CpuTicks> parse_stat(std::string_view stat) {
  // The second field is the program's name, which may contain blanks and parentheses.
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  stat.remove_prefix(name_end + 1);
  constexpr int kFirst = 3;
  constexpr int kUser = 14;
  for (int field = kFirst; field < kUser; ++field) next_word(stat);
  const auto user = number(next_word(stat));
  const auto system = number(next_word(stat));
  if (!user || !system) return std::nullopt;
  return CpuTicks{*user, *system};
}

std::optional<ProcessFacts> read_process(int pid) {
  const auto ticks = parse_stat(first_line(pid, "stat"));
  const std::string statm = first_line(pid, "statm");
  std::string_view words = statm;
  next_word(words);  // all of its address space
  const auto pages = number(next_word(words));
  if (!ticks || !pages || *pages == 0) return std::nullopt;  // no memory: it has ended, and nobody has waited for it
  const std::int64_t tick_ns = kSecond / ::sysconf(_SC_CLK_TCK);
  return ProcessFacts{{.user_ns = ticks->user * tick_ns, .system_ns = ticks->system * tick_ns},
                      *pages * static_cast<std::int64_t>(::sysconf(_SC_PAGESIZE))};
}

CpuTime own_cpu() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return {ns_of_timeval(usage.ru_utime), ns_of_timeval(usage.ru_stime)};
}

}  // namespace mote::load
