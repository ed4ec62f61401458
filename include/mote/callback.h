#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace mote {

template <class Signature>
class Callback;

/// A callable that a user hands to mote: a lambda, function pointer or function object, move-only ones included.
///
/// One pointer wide. The callable itself never moves once it is stored, so that a callback may replace itself while it
/// runs. An empty Callback is false and must not be called; a null pointer or an empty std::function makes an empty
/// one.
template <class Result, class... Arguments>
class Callback<Result(Arguments...)> {
 public:
  Callback() = default;
  Callback(std::nullptr_t) {}  // NOLINT(google-explicit-constructor): `on_pong(nullptr)` removes a callback

  template <class Function>
    requires(!std::same_as<std::remove_cvref_t<Function>, Callback> &&
             std::is_invocable_r_v<Result, std::decay_t<Function>&, Arguments...>)
  Callback(Function&& function)  // NOLINT(google-explicit-constructor): lambdas convert
      : target_(hold(std::make_unique<Holder<std::decay_t<Function>>>(std::forward<Function>(function)))) {}

  explicit operator bool() const { return target_ != nullptr; }
  Result operator()(Arguments... arguments) const { return target_->call(std::forward<Arguments>(arguments)...); }

 private:
  struct Target {
    virtual ~Target() = default;
    virtual Result call(Arguments... arguments) = 0;
  };

  template <class Function>
  struct Holder final : Target {
    template <class Source>
    explicit Holder(Source&& source) : function(std::forward<Source>(source)) {}
    Result call(Arguments... arguments) override {
      if constexpr (std::is_void_v<Result>) {
        std::invoke(function, std::forward<Arguments>(arguments)...);
      } else {
        return std::invoke(function, std::forward<Arguments>(arguments)...);
      }
    }
    Function function;
  };

  /// Nothing where it is a function that can be empty, and is.
  template <class Function>
  static std::unique_ptr<Target> hold(std::unique_ptr<Holder<Function>> holder) {
    if constexpr (std::is_constructible_v<Function, std::nullptr_t> && std::is_constructible_v<bool, Function&>) {
      if (!static_cast<bool>(holder->function)) return nullptr;
    }
    return holder;
  }

  std::unique_ptr<Target> target_;
};

}  // namespace mote
