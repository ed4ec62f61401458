#include "net/lookup_crew.h"

#include <netdb.h>
#include <pthread.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include "core/blocked_signals.h"
#include "core/log.h"
#include "net/socket_address.h"

namespace mote::net {
namespace {

void collect(const addrinfo* list, std::vector<sockaddr_storage>& addresses) {
  for (; list != nullptr; list = list->ai_next) {
    if (list->ai_family != AF_INET && list->ai_family != AF_INET6) continue;
    sockaddr_storage address{};  // zero behind the address, so that equal ones have equal bytes
    std::memcpy(&address, list->ai_addr, list->ai_addrlen);
    const bool known = std::any_of(addresses.begin(), addresses.end(), [&](const sockaddr_storage& other) {
      return std::memcmp(&address, &other, sizeof address) == 0;
    });
    if (!known) addresses.push_back(address);
  }
}

LookupAnswer ask_system(const std::string& host, int flags) {
  AddressList list;
  LookupAnswer answer;
  if (const int error = find_addresses(host, flags, list); error != 0) {
    answer.error = error == EAI_SYSTEM ? core::errno_text(errno) : ::gai_strerror(error);
    return answer;
  }
  collect(list.get(), answer.addresses);
  if (answer.addresses.empty()) answer.error = ::gai_strerror(EAI_NODATA);
  return answer;
}

}  // namespace

// Without addresses of a family, names are not asked for those either (AI_ADDRCONFIG).
LookupAnswer look_up(const std::string& host) { return ask_system(host, AI_ADDRCONFIG); }
LookupAnswer look_up_literal(const std::string& host) { return ask_system(host, AI_NUMERICHOST); }

LookupCrew::LookupCrew(std::shared_ptr<core::Mailbox> mailbox, Lookup lookup, Report report)
    : mailbox_(std::move(mailbox)), lookup_(std::move(lookup)), report_(std::move(report)) {}

void LookupCrew::ask(const std::string& host) {
  const std::scoped_lock lock(mutex_);
  waiting_.push_back(host);
  if (threads_ == kThreads) return;
  try {
    start_thread();
    ++threads_;  // it waits for the lock
  } catch (...) {
    if (threads_ > 0) return;  // one of them will come to it
    waiting_.pop_back();
    throw;
  }
}

bool LookupCrew::take_back(const std::string& host) {
  const std::scoped_lock lock(mutex_);
  return std::erase(waiting_, host) != 0;
}

void LookupCrew::dismiss() {
  const std::scoped_lock lock(mutex_);
  waiting_.clear();
}

void LookupCrew::start_thread() {
  const core::BlockedSignals blocked;
  std::thread([self = shared_from_this()] { self->work(); }).detach();
}

void LookupCrew::work() {
  ::pthread_setname_np(::pthread_self(), "mote-lookup");
  std::string host;
  while (next(host)) deliver(host);
}

bool LookupCrew::next(std::string& host) {
  const std::scoped_lock lock(mutex_);
  if (waiting_.empty()) {
    --threads_;
    return false;
  }
  host = std::move(waiting_.front());
  waiting_.pop_front();
  return true;
}

void LookupCrew::deliver(const std::string& host) {
  LookupAnswer answer;
  try {
    answer = lookup_(host);
  } catch (const std::bad_alloc&) {
    answer.error = "out of memory";  // so short that it needs none
  } catch (...) {
    answer.error = "internal error";
  }
  for (;;) {
    try {
      mailbox_->post([self = shared_from_this(), host, answer] { self->report_(host, answer); });
      return;
    } catch (const std::bad_alloc&) {
      // Somebody waits for it; nobody for this thread.
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
}

}  // namespace mote::net
