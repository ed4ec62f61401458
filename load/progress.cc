#include "load/progress.h"

#include <unistd.h>

#include <cstdio>

namespace mote::load {

Progress::Progress(Wanted wanted) : shown_(wanted == Wanted::yes && ::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() { show(""); }

void Progress::show(std::string_view line) {
  if (!shown_) return;
  std::fprintf(stderr, "\r\033[K%.*s", static_cast<int>(line.size()), line.data());
  std::fflush(stderr);
}

}  // namespace mote::load
