#include <sys/resource.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "tests/evidence/evidence_file.h"
#include "tests/fault/log_book.h"
#include "tests/fault/scenario.h"
#include "tests/fault/scripts.h"
#include "tests/fault/stage.h"
#include "tests/support/client_frame.h"

namespace mote::fault {
namespace {

using namespace script;
using test::client_frame;

constexpr unsigned kUnknownOpcode = 3;
constexpr std::string_view kName = "mote-evidence-0000";

std::optional<std::string> content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

/// Of the reader's mind.
bool is_whole(const std::string& content) {
  try {
    static_cast<void>(evidence::parse_evidence(content));
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

bool shows_its_verdict(const std::string& content) {
  const auto file = evidence::parse_evidence(content);
  return file.begins == "inside" || evidence::replay(file) == file.verdict;
}

/// What is wrong with the line in the log about a rule that was broken: there is one, which a fault may cost, and it
/// tells whether there is evidence.
std::string judge_lines(const std::vector<std::string>& lines, const std::string& rule, unsigned faults) {
  if (lines.size() > 1) return "more than once in the log: " + rule;
  if (lines.empty()) return faults != 0 ? "" : "not in the log: " + rule;
  const bool tells =
      lines[0].find("; evidence: ") != std::string::npos || lines[0].find("; no evidence") != std::string::npos;
  return tells ? "" : "nothing of evidence: " + lines[0];
}

/// A file that the reader takes for whole is, and it is there where the log names it, and only there.
std::string judge_evidence(const std::string& path, const std::vector<std::string>& rules, unsigned faults) {
  const auto content = content_of(path);
  const bool whole = content && is_whole(*content);
  if (whole && !shows_its_verdict(*content)) return "a file that is not whole looks as if it were";
  std::size_t told = 0;
  for (const std::string& rule : rules) {
    const auto lines = log_book().with(rule);
    if (auto wrong = judge_lines(lines, rule, faults); !wrong.empty()) return wrong;
    told += lines.size();
  }
  const std::size_t named = log_book().count("; evidence: " + std::string(kName));
  if (named > (whole ? 1U : 0U)) return "the log names evidence that is not there";
  return whole && named == 0 && told == rules.size() ? "there is evidence that the log does not name" : "";
}

/// In the one file of the folder, which the run before has written.
void keep_evidence(Stage& stage, const std::vector<std::string>& rules) {
  const std::string path = stage.folder_file(kName);
  std::remove(path.c_str());
  stage.options.evidence_bytes = 1000;
  stage.options.evidence_folder = stage.folder_file("");
  stage.options.evidence_files = 1;
  stage.judge = [path, rules](unsigned faults) { return judge_evidence(path, rules, faults); };
}

const std::string kUnknownOpcodeLine = "closed with 1002: unknown opcode (RFC 6455 5.2)";
const std::string kNoHostLine = "refused with 400: The Host header is missing. (RFC 9112 3.2)";

void break_rule(Peer& peer) { peer.echo("hello").say(client_frame(kUnknownOpcode, "x")).hear_close(1002).hear_end(); }

void evidence(Stage& stage) {
  keep_evidence(stage, {kUnknownOpcodeLine});
  break_rule(stage.visitor());
}

/// More than is kept.
void evidence_of_much(Stage& stage) {
  keep_evidence(stage, {"closed with 1007: text message is not UTF-8 (RFC 6455 8.1)"});
  Peer& peer = stage.visitor();
  for (int i = 0; i < 10; ++i) peer.echo(std::string(300, 'e'));
  peer.say(client_frame(kText, "\xFF")).hear_close(1007).hear_end();
}

void evidence_of_a_request(Stage& stage) {
  keep_evidence(stage, {kNoHostLine});
  stage.guest().say("GET / HTTP/1.1\r\n\r\n").hear_head(400);
}

void limit_files_to(rlim_t bytes) {
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

/// The kernel takes a part of it, and then nothing more: the half that was written goes. A fault may leave it.
void evidence_without_room(Stage& stage) {
  evidence(stage);
  stage.when_armed = [] { limit_files_to(100); };
  stage.after_run = [] { limit_files_to(RLIM_INFINITY); };
  stage.judge = [path = stage.folder_file(kName), judge = stage.judge](unsigned faults) -> std::string {
    const auto content = content_of(path);
    if (content && is_whole(*content)) return "there was no room for that";
    if (faults == 0 && content) return "the half that was written is left";
    if (faults == 0 && log_book().count("mote-evidence-0000: File too large") != 1) return "not in the log";
    return judge(faults);
  };
}

/// Another process has taken the last number.
void evidence_of_others(Stage& stage) {
  evidence(stage);
  const std::string path = stage.folder_file(kName);
  std::ofstream(path) << "another process's";
  stage.judge = [path](unsigned faults) -> std::string {
    if (content_of(path) != "another process's") return "what another process had written is gone";
    const std::size_t lines = log_book().count("; no evidence: ");
    return lines == 1 || (lines == 0 && faults != 0) ? "" : "not once in the log";
  };
}

/// The second to break a rule finds the first one's file there.
void evidence_of_two(Stage& stage) {
  keep_evidence(stage, {kUnknownOpcodeLine, kNoHostLine});
  break_rule(stage.visitor());
  stage.guest().wait_ms(1).say("GET / HTTP/1.1\r\n\r\n").hear_head(400);
}

}  // namespace

std::vector<Scenario> evidence_scenarios() {
  const auto make = [](std::string_view name, void (*set)(Stage&)) { return Scenario{"evidence", name, set}; };
  return {
      make("evidence", evidence),
      make("evidence-of-much", evidence_of_much),
      make("evidence-of-a-request", evidence_of_a_request),
      make("evidence-without-room", evidence_without_room),
      make("evidence-of-others", evidence_of_others),
      make("evidence-of-two", evidence_of_two),
  };
}

}  // namespace mote::fault
