#pragma once

#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace mote {

/// What kind of fault an Error is.
enum class ErrorKind {
  protocol,   ///< The peer broke RFC 6455; the text names the rule and its section.
  limit,      ///< A limit of Options was passed.
  transport,  ///< The TCP connection failed or ended without a Close frame.
  timeout,    ///< The peer did not answer, read, or close in time.
  callback,   ///< A callback threw; `cause()` is the exception.
};

/// A fault that is ending a connection; handed to `on_error`, and followed by `on_close`.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& text, std::exception_ptr cause = nullptr)
      : std::runtime_error(text), kind_(kind), cause_(std::move(cause)) {}

  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }
  /// The exception that a callback threw, else null.
  [[nodiscard]] const std::exception_ptr& cause() const noexcept { return cause_; }

 private:
  ErrorKind kind_;
  std::exception_ptr cause_;
};

}  // namespace mote
