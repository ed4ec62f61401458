#include "net/resolver.h"

#include <functional>
#include <map>
#include <new>
#include <system_error>
#include <utility>

#include "proto/ascii.h"

namespace mote::net {
namespace {

bool is_localhost(std::string_view host) {
  constexpr std::string_view name = "localhost";
  if (host.ends_with('.')) host.remove_suffix(1);
  if (proto::equals_ignoring_case(host, name)) return true;
  if (host.size() <= name.size()) return false;
  const std::string_view end = host.substr(host.size() - name.size());
  return proto::equals_ignoring_case(end, name) && host[host.size() - name.size() - 1] == '.';
}

LookupAnswer loopback() {
  LookupAnswer answer = look_up_literal("::1");
  const LookupAnswer v4 = look_up_literal("127.0.0.1");
  answer.addresses.insert(answer.addresses.end(), v4.addresses.begin(), v4.addresses.end());
  return answer;
}

/// What needs nobody to be asked; without addresses where somebody must.
LookupAnswer known(const std::string& host) {
  if (is_localhost(host)) return loopback();
  // The system would stop reading at a zero byte, and take no name for this machine.
  if (host.empty() || host.find('\0') != std::string::npos) return {{}, "not a host name"};
  LookupAnswer answer = look_up_literal(host);
  answer.error.clear();
  return answer;
}

}  // namespace

/// Who waits for which name.
class Resolver::Desk : public std::enable_shared_from_this<Desk> {
 public:
  explicit Desk(std::shared_ptr<core::Mailbox> mailbox) : mailbox_(std::move(mailbox)) {}

  void open(LookupCrew::Lookup lookup) {
    crew_ = std::make_shared<LookupCrew>(
        mailbox_, std::move(lookup), [desk = weak_from_this()](const std::string& host, const LookupAnswer& answer) {
          if (const auto here = desk.lock()) here->answer(host, answer);
        });
  }
  void close() {
    std::exchange(crew_, nullptr)->dismiss();
    asking_.clear();
    answering_.clear();
  }

  std::uint64_t ask(const std::string& host, Answered answered) {
    const auto [entry, first] = asking_.try_emplace(host);
    try {
      entry->second.emplace(next_number_, std::move(answered));
      if (first) begin(host);
    } catch (...) {
      if (first) asking_.erase(entry);
      throw;
    }
    return next_number_++;
  }
  void cancel(const std::string& host, std::uint64_t number) {
    if (answering_.erase(number) != 0) return;
    const auto entry = asking_.find(host);
    if (entry == asking_.end() || entry->second.erase(number) == 0) return;
    // Where a thread is at it already, whoever asks next shares that.
    if (entry->second.empty() && crew_->take_back(host)) asking_.erase(entry);
  }

 private:
  using Askers = std::map<std::uint64_t, Answered>;  // by number

  void begin(const std::string& host) {
    LookupAnswer answer = known(host);
    if (answer.addresses.empty() && answer.error.empty()) {
      try {
        return crew_->ask(host);
      } catch (const std::system_error& error) {
        answer.error.append("no thread can be started: ").append(error.code().message());
      }
    }
    mailbox_->post([desk = weak_from_this(), host, answer = std::move(answer)] {
      if (const auto here = desk.lock()) here->answer(host, answer);
    });
  }
  void answer(const std::string& host, const LookupAnswer& found) {
    const auto entry = asking_.find(host);
    if (entry == asking_.end()) return;
    answering_.merge(entry->second);
    asking_.erase(entry);
    if (found.addresses.empty()) {
      LookupAnswer failed;
      failed.error.append("cannot resolve \"").append(host).append("\": ").append(found.error);
      return tell(failed);
    }
    tell(found);
  }
  /// Any of them may ask again, cancel for others, and end the resolver.
  void tell(const LookupAnswer& answer) {
    while (!answering_.empty()) {
      const auto next = answering_.extract(answering_.begin());
      next.mapped()(answer);
    }
  }

  std::shared_ptr<core::Mailbox> mailbox_;
  std::shared_ptr<LookupCrew> crew_;
  std::map<std::string, Askers> asking_;
  Askers answering_;  // of the name that is being told
  std::uint64_t next_number_ = 0;
};

Resolver::Resolver(const core::Reactor& reactor, LookupCrew::Lookup lookup)
    : desk_(std::make_shared<Desk>(reactor.mailbox())) {
  desk_->open(std::move(lookup));
}

Resolver::~Resolver() { desk_->close(); }

Resolver::Request Resolver::resolve(std::string_view host, Answered answered) {
  std::string name(host);
  const std::uint64_t number = desk_->ask(name, std::move(answered));
  return {desk_, std::move(name), number};
}

Resolver::Request::Request(std::shared_ptr<Desk> desk, std::string host, std::uint64_t number)
    : desk_(std::move(desk)), host_(std::move(host)), number_(number) {}

Resolver::Request& Resolver::Request::operator=(Request&& other) noexcept {
  if (this != &other) {
    cancel();
    desk_ = std::move(other.desk_);
    host_ = std::move(other.host_);
    number_ = other.number_;
  }
  return *this;
}

void Resolver::Request::cancel() {
  if (desk_ == nullptr) return;
  std::exchange(desk_, nullptr)->cancel(host_, number_);
}

}  // namespace mote::net
