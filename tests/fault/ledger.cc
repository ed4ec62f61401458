#include "tests/fault/ledger.h"

#include <algorithm>

namespace mote::fault {

const void** Ledger::find(const void* connection) {
  auto* const found = std::ranges::find(open_, connection);
  return found != open_.end() ? found : nullptr;
}

void Ledger::opened(const void* connection) {
  ++opens_;
  if (find(connection) != nullptr) return note("on_open came twice");
  const void** const place = find(nullptr);
  if (place == nullptr) return note("more connections than the ledger has lines");
  *place = connection;
}

void Ledger::heard(const void* connection) {
  if (find(connection) == nullptr) note("a callback came before on_open or after on_close");
}

void Ledger::closed(const void* connection) {
  ++closes_;
  const void** const place = find(connection);
  if (place != nullptr) {
    ++closes_of_open_;
    *place = nullptr;
  } else if (must_open_) {
    note("on_close came twice, or without on_open");
  }
}

}  // namespace mote::fault
