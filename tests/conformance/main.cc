// Runs our cases for the numbers of the public Autobahn test suite, against a server that it starts itself or against a
// mote::Client. Its last line counts what passed; the exit code is 0 only where all that was asked for did.

#include <fnmatch.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <mote/log.h>

#include "tests/conformance/client_opening.h"
#include "tests/conformance/echo_client.h"
#include "tests/conformance/runner.h"
#include "tests/conformance/server_opening.h"
#include "tests/conformance/server_process.h"

namespace mote::conformance {
namespace {

constexpr std::string_view kUsage =
    "conformance [--role server|client] [--server PROGRAM] [--deflate off|on|takeover] [--keep-context] "
    "[--only PATTERN,...] [--sample] [--list] [--results FILE]\n"
    "  --role          what is tested: a server, unless told otherwise, or mote::Client\n"
    "  --server        the server, started with --max-message and ws://127.0.0.1:0; echo_server beside this program\n"
    "  --deflate       off, which leaves out sections 12 and 13; on; or takeover, which allows that both ways\n"
    "  --keep-context  this end does not decline its own context takeover, as the public suite does\n"
    "  --only          cases such as 6.4.*,7.1.6\n"
    "  --sample        fewer messages and smaller ones in 9, 12 and 13; shorter pauses\n"
    "  --list          the cases, without running them\n"
    "  --results       a table of id, result, milliseconds, description and what failed\n";

struct Wanted {
  std::string role = "server";
  std::string server;
  std::string deflate = "off";
  OwnContext context = OwnContext::declined;
  std::vector<std::string> patterns;
  Scale scale;
  bool list = false;
  std::string results_file;
};

[[noreturn]] void reject(const std::string& why) {
  std::fprintf(stderr, "conformance: %s\n%.*s", why.c_str(), static_cast<int>(kUsage.size()), kUsage.data());
  std::exit(2);
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts(1);
  for (const char c : list) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

Wanted parse(char** arguments) {
  Wanted wanted;
  const auto value = [&](std::string_view option) -> std::string {
    if (*++arguments == nullptr) reject(std::string(option) + " needs a value");
    return *arguments;
  };
  while (*++arguments != nullptr) {
    const std::string_view option = *arguments;
    if (option == "--role") {
      wanted.role = value(option);
    } else if (option == "--server") {
      wanted.server = value(option);
    } else if (option == "--deflate") {
      wanted.deflate = value(option);
    } else if (option == "--keep-context") {
      wanted.context = OwnContext::kept;
    } else if (option == "--only") {
      wanted.patterns = split(value(option));
    } else if (option == "--sample") {
      wanted.scale.sampled = true;
    } else if (option == "--list") {
      wanted.list = true;
    } else if (option == "--results") {
      wanted.results_file = value(option);
    } else {
      reject("unknown option " + std::string(option));
    }
  }
  if (wanted.deflate != "off" && wanted.deflate != "on" && wanted.deflate != "takeover") {
    reject("--deflate is off, on or takeover, not " + wanted.deflate);
  }
  if (wanted.role != "server" && wanted.role != "client") reject("--role is server or client, not " + wanted.role);
  if (wanted.role == "client" && !wanted.server.empty()) reject("--server is not for --role client");
  if (wanted.server.empty()) {
    wanted.server = std::filesystem::read_symlink("/proc/self/exe").replace_filename("echo_server");
  }
  return wanted;
}

std::vector<Case> selected(const std::vector<std::string>& patterns) {
  std::vector<Case> all = all_cases();
  if (patterns.empty()) return all;
  std::vector<Case> cases;
  for (const std::string& pattern : patterns) {
    const std::size_t before = cases.size();
    for (Case& one : all) {
      if (!one.id.empty() && ::fnmatch(pattern.c_str(), one.id.c_str(), 0) == 0) {
        cases.push_back(one);
        one.id.clear();
      }
    }
    if (cases.size() == before) reject("no case left for " + pattern);
  }
  return cases;
}

std::vector<std::string> server_command(const Wanted& wanted) {
  constexpr std::uint64_t largest_message = 16ULL * 1024 * 1024;
  std::vector<std::string> command = {wanted.server, "--quiet", "--max-message", std::to_string(largest_message)};
  if (wanted.deflate != "off") command.insert(command.end(), {"--deflate", wanted.deflate});
  command.emplace_back("ws://127.0.0.1:0");
  return command;
}

std::string_view name_of(Result::Outcome outcome) {
  if (outcome == Result::Outcome::passed) return "passed";
  return outcome == Result::Outcome::failed ? "failed" : "not run";
}

/// Without what would break a line of a table.
std::string in_one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return text;
}

struct Count {
  int passed = 0;
  int failed = 0;
  int not_run = 0;

  void add(Result::Outcome outcome) {
    ++(outcome == Result::Outcome::passed ? passed : outcome == Result::Outcome::failed ? failed : not_run);
  }
  [[nodiscard]] std::string text() const {
    std::string line = std::to_string(passed) + " passed, " + std::to_string(failed) + " failed";
    return not_run == 0 ? line : line + ", " + std::to_string(not_run) + " not run";
  }
};

void write_table(const std::string& file, const std::vector<Case>& cases, const std::vector<Result>& results) {
  std::FILE* const out = std::fopen(file.c_str(), "w");
  if (out == nullptr) throw std::runtime_error("cannot write " + file);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    std::fprintf(out, "%s\t%s\t%.1f\t%s\t%s\n", cases[i].id.c_str(), name_of(results[i].outcome).data(),
                 results[i].milliseconds, cases[i].what.c_str(), in_one_line(results[i].why).c_str());
  }
  std::fclose(out);
}

/// Answers whether all passed.
bool report(const std::vector<Case>& cases, const std::vector<Result>& results) {
  Count all;
  std::vector<std::pair<std::string, Count>> sections;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const std::string section = section_of(cases[i]);
    if (sections.empty() || sections.back().first != section) sections.emplace_back(section, Count{});
    sections.back().second.add(results[i].outcome);
    all.add(results[i].outcome);
    if (section == "9") {
      std::printf("%-7s %8.1f ms  %s\n", cases[i].id.c_str(), results[i].milliseconds, cases[i].what.c_str());
    }
    if (results[i].outcome == Result::Outcome::failed) {
      std::printf("FAILED %s (%s): %s\n", cases[i].id.c_str(), cases[i].what.c_str(), results[i].why.c_str());
    }
  }
  for (const auto& [section, count] : sections) std::printf("section %-3s %s\n", section.c_str(), count.text().c_str());
  std::printf("%s\n", all.text().c_str());
  return all.failed == 0 && all.not_run == 0;
}

/// What the cases came to, and what is wrong with the program under test apart from them; empty where nothing is.
struct Ran {
  std::vector<Result> results;
  std::string complaint;
};

Ran run_against_server(const Wanted& wanted, const std::vector<Case>& cases) {
  ServerProcess server(server_command(wanted));
  const auto open = [&](const Case& one) { return open_as_client(server.port(), one.deflate, wanted.context); };
  Ran ran{run_cases(cases, open, wanted.scale), {}};
  const int exit_code = server.stop();
  if (exit_code != 0) ran.complaint = "the server ended with exit code " + std::to_string(exit_code);
  return ran;
}

Compression client_compression(const std::string& deflate) {
  const bool takeover = deflate == "takeover";
  return {.mode = deflate == "off" ? CompressionMode::off : CompressionMode::on,
          .server_context_takeover = takeover,
          .client_context_takeover = takeover};
}

Ran run_against_client(const Wanted& wanted, const std::vector<Case>& cases) {
  set_logger(LogLevel::off, {});
  ServerOpening server;
  EchoClient client(server.port(), client_compression(wanted.deflate));
  const auto open = [&](const Case& one) {
    client.connect();
    return server.accept(one.deflate, wanted.context);
  };
  Ran ran{run_cases(cases, open, wanted.scale), {}};
  if (!client.finish()) ran.complaint = "not each of the client's connections was told of one end";
  return ran;
}

bool run(const Wanted& wanted) {
  const std::vector<Case> cases = selected(wanted.patterns);
  if (wanted.list) {
    for (const Case& one : cases) std::printf("%s\t%s\n", one.id.c_str(), one.what.c_str());
    return true;
  }
  std::vector<Case> runnable;
  for (const Case& one : cases) {
    if (one.deflate.empty() || wanted.deflate != "off") runnable.push_back(one);
  }
  Ran ran = wanted.role == "client" ? run_against_client(wanted, runnable) : run_against_server(wanted, runnable);
  std::vector<Result> results;
  for (std::size_t i = 0, next = 0; i < cases.size(); ++i) {
    const bool was_run = next < runnable.size() && runnable[next].id == cases[i].id;
    results.push_back(was_run ? std::move(ran.results[next++]) : Result{.why = "it runs without permessage-deflate"});
  }
  if (!wanted.results_file.empty()) write_table(wanted.results_file, cases, results);
  if (!ran.complaint.empty()) std::printf("FAILED %s\n", ran.complaint.c_str());
  return report(cases, results) && ran.complaint.empty();
}

}  // namespace
}  // namespace mote::conformance

int main(int, char** arguments) {
  try {
    return mote::conformance::run(mote::conformance::parse(arguments)) ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "conformance: %s\n", error.what());
    return 1;
  }
}
