#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include <mote/headers.h>

namespace mote {

/// What kind of fault an Error is.
enum class ErrorKind {
  protocol,   ///< The peer broke RFC 6455; the text names the rule and its section.
  limit,      ///< A limit of Options was passed.
  transport,  ///< The TCP connection failed or ended without a Close frame.
  timeout,    ///< The peer did not answer, read, or close in time.
  callback,   ///< A callback threw; `cause()` is the exception.
  connect,    ///< Clients: the host could not be resolved or reached, or a proxy refused.
  tls,        ///< Clients: the TLS handshake failed; the text says with which host, and why.
  handshake,  ///< Clients: no correct 101 came; `response()` has what came with another status.
};

/// A response that a client got in place of 101: a redirect, 401, 404 and so on (RFC 6455 §4.1).
struct RefusedResponse {
  int status = 0;
  std::string reason;       ///< The reason phrase.
  std::string field_lines;  ///< For `headers`.

  [[nodiscard]] Headers headers() const { return Headers(field_lines); }
};

/// A fault that is ending a connection; handed to `on_error`, and followed by `on_close`.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& text, std::exception_ptr cause = nullptr)
      : std::runtime_error(text), kind_(kind), cause_(std::move(cause)) {}
  Error(const std::string& text, RefusedResponse response)
      : std::runtime_error(text),
        kind_(ErrorKind::handshake),
        response_(std::make_shared<const RefusedResponse>(std::move(response))) {}

  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }
  /// The exception that a callback threw, else null.
  [[nodiscard]] const std::exception_ptr& cause() const noexcept { return cause_; }
  /// What a server answered in place of 101, else null. Valid as long as this error or a copy of it.
  [[nodiscard]] const RefusedResponse* response() const noexcept { return response_.get(); }

 private:
  ErrorKind kind_;
  std::exception_ptr cause_;
  std::shared_ptr<const RefusedResponse> response_;
};

}  // namespace mote
