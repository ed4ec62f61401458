#include "tests/conformance/client_opening.h"

#include <string>
#include <string_view>

#include "tests/conformance/head_lines.h"

namespace mote::conformance {
namespace {

// Of the key in test::upgrade_request: the example of RFC 6455 §1.3.
constexpr std::string_view kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

void check_head(const std::string& head) {
  if (!head.starts_with("HTTP/1.1 101 ")) throw Failure("expected 101; came " + head);
  demand(head, "Sec-WebSocket-Accept", {std::string(kAccept)});
  demand(head, "Sec-WebSocket-Protocol", {});
  demand_in_any_case(head, "Upgrade", "websocket");
  demand_in_any_case(head, "Connection", "upgrade");
}

std::string extension_lines(const std::vector<DeflateWish>& deflate, OwnContext context) {
  return deflate.empty() ? std::string() : "Sec-WebSocket-Extensions: " + offers_of(deflate, context) + "\r\n";
}

std::optional<DeflateTerms> agreed(const std::string& head, const std::vector<DeflateWish>& deflate) {
  if (deflate.empty()) {
    demand(head, "Sec-WebSocket-Extensions", {});
    return std::nullopt;
  }
  const auto responses = values_of(head, "Sec-WebSocket-Extensions");
  if (responses.empty()) throw Failure("the server accepts no offer of " + offers_of(deflate));
  if (responses.size() > 1) throw Failure("more than one extension in the response");
  return terms_of(responses[0], deflate);
}

}  // namespace

Peer open_as_client(std::uint16_t port, const std::vector<DeflateWish>& deflate, OwnContext context) {
  test::RawClient socket(port);
  socket.send(test::upgrade_request("/", extension_lines(deflate, context)));
  const std::string head = socket.read_head();
  check_head(head);
  return {std::move(socket), Peer::Role::client, agreed(head, deflate)};
}

}  // namespace mote::conformance
