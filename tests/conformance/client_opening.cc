#include "tests/conformance/client_opening.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

namespace mote::conformance {
namespace {

// Of the key in test::upgrade_request: the example of RFC 6455 §1.3.
constexpr std::string_view kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

/// The values of all header lines of that name.
std::vector<std::string> values_of(std::string_view head, std::string_view name) {
  std::vector<std::string> values;
  for (std::size_t begin = head.find("\r\n"); begin != std::string_view::npos;) {
    begin += 2;
    const std::size_t end = head.find("\r\n", begin);
    const std::string_view line = head.substr(begin, end - begin);
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && lower(line.substr(0, colon)) == lower(name)) {
      const std::size_t value = std::min(line.find_first_not_of(" \t", colon + 1), line.size());
      values.emplace_back(line.substr(value));
    }
    begin = end;
  }
  return values;
}

void demand(const std::string& head, std::string_view name, const std::vector<std::string>& wanted) {
  if (values_of(head, name) != wanted) throw Failure("header " + std::string(name) + " is wrong in " + head);
}

void check_head(const std::string& head) {
  if (!head.starts_with("HTTP/1.1 101 ")) throw Failure("expected 101; came " + head);
  demand(head, "Sec-WebSocket-Accept", {std::string(kAccept)});
  demand(head, "Sec-WebSocket-Protocol", {});
  const auto upgrade = values_of(head, "Upgrade");
  const auto connection = values_of(head, "Connection");
  if (upgrade.size() != 1 || lower(upgrade[0]) != "websocket") throw Failure("header Upgrade is wrong in " + head);
  if (connection.size() != 1 || lower(connection[0]) != "upgrade")
    throw Failure("header Connection is wrong in " + head);
}

std::string extension_lines(const std::vector<DeflateWish>& deflate, ClientContext context) {
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

Peer open_as_client(std::uint16_t port, const std::vector<DeflateWish>& deflate, ClientContext context) {
  test::RawClient socket(port);
  socket.send(test::upgrade_request("/", extension_lines(deflate, context)));
  const std::string head = socket.read_head();
  check_head(head);
  return {std::move(socket), Peer::Role::client, agreed(head, deflate)};
}

}  // namespace mote::conformance
