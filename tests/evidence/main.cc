// Feeds what a server kept of broken connections (docs/evidence.md) to the parsers, and compares the verdicts. The exit
// code is 0 only where each file came to the one that is written in it.

#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "tests/evidence/evidence_file.h"

namespace {

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(in), {}};
  if (!in) throw std::runtime_error("cannot be read");
  return content;
}

bool shows_the_same(const std::string& path) {
  try {
    const auto file = mote::evidence::parse_evidence(content_of(path));
    const std::string verdict = mote::evidence::replay(file);
    const bool same = verdict == file.verdict;
    std::printf("%s: %s: %s\n", path.c_str(), verdict.empty() ? "nothing wrong" : verdict.c_str(),
                same ? "the same verdict" : ("it was: " + file.verdict).c_str());
    return same;
  } catch (const std::exception& error) {
    std::printf("%s: %s\n", path.c_str(), error.what());
    return false;
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::fputs("replay_evidence FILE...\n", stderr);
    return 2;
  }
  bool all = true;
  for (int i = 1; i < count; ++i) all = shows_the_same(arguments[i]) && all;
  return all ? 0 : 1;
}
