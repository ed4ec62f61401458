#include <mote/client.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include <mote/server.h>

#include "core/reactor.h"
#include "net/client_hub.h"
#include "net/dialer.h"
#include "net/loop.h"
#include "net/timer.h"
#include "proto/handshake.h"

namespace mote {

using std::chrono::milliseconds;

namespace {

/// Outlives the hub, which uses it.
struct OwnLoop {
  std::unique_ptr<net::Loop> own_loop;  // null on the loop of a server
};

}  // namespace

/// Ties the parts together: the loop, the dialers and the user's tasks.
class Client::Impl final : private OwnLoop, public net::ClientHub {
 public:
  Impl(std::unique_ptr<net::Loop> own, net::Loop& on_loop)
      : OwnLoop{std::move(own)}, net::ClientHub(on_loop), tasks_(std::make_shared<Tasks>()) {
    tasks_->owner = this;
    proto::require_accept_value();
  }
  ~Impl() override {
    tasks_->owner = nullptr;
    for (net::Dialer* const dialer : std::exchange(dialers_, {})) dialer->vanish();
    for (net::Timer* const timer : timers_) loop.reactor.remove(*timer);
    if (own_loop != nullptr) loop.reactor.finish_turn();
  }

  template <class SetCallbacks>
  Handle connect(std::string_view url, ClientOptions options, SetCallbacks&& set_callbacks);
  void run();
  void stop() noexcept;
  bool post(Callback<void()> task);
  void every(milliseconds period, Callback<void()> task);

 private:
  struct Tasks {
    std::atomic<std::size_t> waiting{0};
    Impl* owner = nullptr;  // only on the loop's thread; null after its end
  };

  void dialer_gone(net::Dialer& dialer) override {
    std::erase(dialers_, &dialer);
    stop_if_idle();
  }
  [[nodiscard]] bool idle() const { return dialers_.empty() && tasks_->waiting.load(std::memory_order_acquire) == 0; }
  void stop_if_idle() {
    if (own_loop != nullptr && idle()) loop.reactor.stop();
  }

  std::vector<net::Dialer*> dialers_;  // the reactor owns them
  std::vector<net::Timer*> timers_;    // likewise
  std::shared_ptr<Tasks> tasks_;
  std::atomic<bool> stop_wanted_{false};  // by the user, and not because it was idle
};

template <class SetCallbacks>
Handle Client::Impl::connect(std::string_view url, ClientOptions options, SetCallbacks&& set_callbacks) {
  auto dialer = std::make_unique<net::Dialer>(*this, url, std::move(options));
  net::Dialer& added = *dialer;
  set_callbacks(added.dispatcher);
  dialers_.push_back(&added);
  try {
    loop.reactor.add(std::move(dialer));
  } catch (...) {
    dialers_.pop_back();
    throw;
  }
  added.start();
  return added.handle();
}

void Client::Impl::run() {
  if (own_loop == nullptr) throw std::logic_error("mote::Client::run: the loop is the server's, which runs it");
  // It may have been idle for a moment only: what begins later in that turn is run, too.
  while (!idle() && !stop_wanted_) {
    loop.reactor.rewind();
    if (!stop_wanted_) loop.reactor.run();
  }
  loop.reactor.wind_up();
  stop_wanted_ = false;
  loop.reactor.rewind();
}

void Client::Impl::stop() noexcept {
  stop_wanted_ = true;
  loop.reactor.stop();
}

bool Client::Impl::post(Callback<void()> task) {
  net::Dispatcher::require(static_cast<bool>(task), "post");
  // It counts until it has run or, where nobody runs it any more, was destroyed.
  struct Leave {
    void operator()(Tasks* tasks) const { tasks->waiting.fetch_sub(1, std::memory_order_release); }
  };
  tasks_->waiting.fetch_add(1, std::memory_order_relaxed);
  std::unique_ptr<Tasks, Leave> counted(tasks_.get());
  return loop.reactor.mailbox()->post([tasks = tasks_, counted = std::move(counted), task = std::move(task)]() mutable {
    if (tasks->owner == nullptr) return;
    net::Dispatcher::task(task);
    counted.reset();
    if (tasks->owner != nullptr) tasks->owner->stop_if_idle();  // else the task was the end of the client
  });
}

void Client::Impl::every(milliseconds period, Callback<void()> task) {
  net::Dispatcher::require(static_cast<bool>(task), "every");
  auto timer = net::Timer::periodic(loop.reactor, period, [task = std::move(task)] { net::Dispatcher::task(task); });
  net::Timer* const added = timer.get();
  timers_.reserve(timers_.size() + 1);
  loop.reactor.add(std::move(timer));
  timers_.push_back(added);
  added->start();
}

Client::Client() {
  auto loop = std::make_unique<net::Loop>();
  net::Loop& own = *loop;
  impl_ = std::make_unique<Impl>(std::move(loop), own);
}
Client::Client(Server& server) : impl_(std::make_unique<Impl>(nullptr, net::loop_of(server))) {}
Client::~Client() = default;

Handle Client::connect(std::string_view url, ClientOptions options, Callback<void(Connection&)> configure) {
  return impl_->connect(url, std::move(options), [&](net::Dispatcher& calls) {
    calls.configure = calls.watch.watched("configure", std::move(configure));
  });
}
Handle Client::connect(std::string_view url, Callback<void(Connection&)> configure) {
  return connect(url, ClientOptions{}, std::move(configure));
}
Handle Client::connect(std::string_view url, ClientOptions options, Handlers handlers) {
  return impl_->connect(url, std::move(options),
                        [&](net::Dispatcher& calls) { calls.shared = calls.watch.watched(std::move(handlers)); });
}

void Client::run() { impl_->run(); }
void Client::stop() noexcept { impl_->stop(); }
bool Client::post(Callback<void()> task) { return impl_->post(std::move(task)); }
void Client::every(milliseconds period, Callback<void()> task) { impl_->every(period, std::move(task)); }
std::size_t Client::connection_count() const { return impl_->open_connections.load(std::memory_order_relaxed); }

}  // namespace mote
