#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mote/headers.h>

namespace mote {

/// An HTTP request: an opening handshake, or a plain GET or HEAD. Its views are valid until the callback returns.
struct HttpRequest {
  std::string_view method;
  std::string_view path;   ///< Without the query: `/chat`.
  std::string_view query;  ///< Without the question mark: `room=1`; empty for none.
  std::string_view host;
  Headers headers;
  Cookies cookies;
  std::string client_ip_address;  ///< Empty for a Unix socket.
  std::uint16_t client_port = 0;
};

/// The answer to a plain HTTP request. mote adds Date, Content-Length and Connection itself.
struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body = {};
  /// A name that is no token or a value with a control character makes the answer a 500 (no header injection).
  std::vector<std::pair<std::string, std::string>> headers = {};
};

/// What `Server::on_upgrade` makes of an opening handshake that has passed every check of RFC 6455 §4.2.1.
///
/// Left alone it accepts, with the subprotocol that Options::subprotocols chose.
class UpgradeDecision {
 public:
  /// Accepts with this subprotocol; empty for none. Throws std::invalid_argument unless the client offered it (§4.2.2).
  void subprotocol(std::string_view name);
  /// Adds a header to the 101 response, such as Set-Cookie. Throws std::invalid_argument for a name that is no token,
  /// a value with a control character, or a header that the handshake itself sets.
  void header(std::string_view name, std::string_view value);
  /// Refuses with an HTTP status of 400–599 and a body of plain text. Throws std::invalid_argument for another status.
  void reject(int status, std::string_view body = {});

 private:
  friend class UpgradeDecisionAccess;
  explicit UpgradeDecision(Headers request) : request_(request) {}

  Headers request_;
  std::string subprotocol_;
  std::string extra_headers_;  // complete field lines
  int status_ = 101;
  std::string body_;
};

}  // namespace mote
