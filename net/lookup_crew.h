#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/mailbox.h"

namespace mote::net {

/// What a look-up came to: exactly one of the two is not empty.
struct LookupAnswer {
  std::vector<sockaddr_storage> addresses;  // IPv4 and IPv6, each once, the most promising first (RFC 6724); port 0
  std::string error;                        // why there are none: `Name or service not known`
};

/// getaddrinfo(3) for a host name: may take as long as DNS servers let it.
LookupAnswer look_up(const std::string& host);
/// The same where `host` is an IPv4 or IPv6 address itself, at once; else no address, and an error.
LookupAnswer look_up_literal(const std::string& host);

/// A few threads that look names up. They are there while there is something to do, own nothing but this, and nobody
/// waits for them: one that hangs in a DNS server's silence outlives the reactor, and its answer is dropped.
class LookupCrew : public std::enable_shared_from_this<LookupCrew> {
 public:
  static constexpr std::size_t kThreads = 4;
  using Lookup = std::function<LookupAnswer(const std::string& host)>;
  using Report = std::function<void(const std::string& host, const LookupAnswer& answer)>;

  /// `lookup` is called on the crew's threads, several at a time; `report` on the thread of the mailbox's reactor only,
  /// but either may be destroyed on any.
  LookupCrew(std::shared_ptr<core::Mailbox> mailbox, Lookup lookup, Report report);

  /// Reports later what `host` is looked up to; who finds kThreads busy waits in line. Throws std::bad_alloc, and
  /// std::system_error where no thread can be had.
  void ask(const std::string& host);
  /// Takes back a question. False where a thread has it already: its report will come.
  bool take_back(const std::string& host);
  /// Nothing more is looked up; what is under way is not waited for.
  void dismiss();

 private:
  void start_thread();
  void work();
  bool next(std::string& host);
  void deliver(const std::string& host);

  const std::shared_ptr<core::Mailbox> mailbox_;
  const Lookup lookup_;
  const Report report_;
  std::mutex mutex_;  // of what follows
  std::deque<std::string> waiting_;
  std::size_t threads_ = 0;
};

}  // namespace mote::net
