#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include <mote/callback.h>
#include <mote/handlers.h>
#include <mote/http.h>
#include <mote/options.h>

namespace mote {
class Connection;
}

namespace mote::net {

/// Logs the user's callbacks that hold the event loop for too long. It wraps a callback when that is set, and where
/// nothing is watched it leaves it as it is: so that costs nothing when it is called.
class CallbackWatch {
 public:
  using milliseconds = std::chrono::milliseconds;

  CallbackWatch() = default;
  /// `threshold`: Options::kNever watches nothing.
  explicit CallbackWatch(milliseconds threshold) : threshold_(threshold) {}

  /// Those that all connections share.
  [[nodiscard]] Handlers watched(Handlers handlers) const;
  /// Those that have the connection as first argument.
  template <class... Arguments>
  [[nodiscard]] Callback<void(Connection&, Arguments...)> watched(
      std::string_view name, Callback<void(Connection&, Arguments...)> callback) const {
    if (!watches(callback)) return callback;
    return [this, name, inner = std::move(callback)](Connection& connection, Arguments... arguments) {
      const Call call(*this, name, &connection);
      inner(connection, arguments...);
    };
  }
  /// Those of one connection, which outlives them.
  template <class... Arguments>
  [[nodiscard]] Callback<void(Arguments...)> watched(std::string_view name, const Connection& of,
                                                     Callback<void(Arguments...)> callback) const {
    if (!watches(callback)) return callback;
    return [this, name, &of, inner = std::move(callback)](Arguments... arguments) {
      const Call call(*this, name, &of);
      inner(arguments...);
    };
  }
  /// Those about a request.
  template <class Result, class... Arguments>
  [[nodiscard]] Callback<Result(const HttpRequest&, Arguments...)> watched(
      std::string_view name, Callback<Result(const HttpRequest&, Arguments...)> callback) const {
    if (!watches(callback)) return callback;
    return [this, name, inner = std::move(callback)](const HttpRequest& request, Arguments... arguments) -> Result {
      const Call call(*this, name, nullptr, &request);
      return inner(request, std::forward<Arguments>(arguments)...);
    };
  }
  /// Tasks.
  [[nodiscard]] Callback<void()> watched(std::string_view name, Callback<void()> task) const;

 private:
  /// One call, from its construction to its destruction. What it is about outlives it.
  class Call {
   public:
    Call(const CallbackWatch& watch, std::string_view name, const Connection* connection,
         const HttpRequest* request = nullptr)
        : watch_(watch), name_(name), connection_(connection), request_(request), began_(Clock::now()) {}
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    ~Call();

   private:
    using Clock = std::chrono::steady_clock;
    [[nodiscard]] std::string whose() const;

    const CallbackWatch& watch_;
    const std::string_view name_;
    const Connection* const connection_;
    const HttpRequest* const request_;
    const Clock::time_point began_;
  };

  template <class Signature>
  [[nodiscard]] bool watches(const Callback<Signature>& callback) const {
    return threshold_ != Options::kNever && callback;
  }

  milliseconds threshold_ = Options::kNever;
};

}  // namespace mote::net
