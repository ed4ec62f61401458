#include "tests/conformance/server_opening.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "tests/conformance/head_lines.h"

namespace mote::conformance {
namespace {

constexpr std::string_view kExtensions = "Sec-WebSocket-Extensions";
// What a client sends without waiting for the response comes with its request.
constexpr int kSpeaksTooEarlyMs = 2;

/// 16 octets: of the last character only two bits are used, the others are 0 (RFC 4648 §3.5).
bool is_base64_of_16_octets(std::string_view key) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return key.size() == 24 && key.ends_with("==") && key.find_first_not_of(kDigits) == 22 &&
         std::string_view("AQgw").find(key[21]) != std::string_view::npos;
}

void check_names(const std::string& request) {
  std::vector<std::string> expected = {"connection", "host", "sec-websocket-key", "sec-websocket-version", "upgrade"};
  std::vector<std::string> names = names_in(request);
  std::sort(names.begin(), names.end());
  std::erase(names, in_lower_case(kExtensions));
  if (names != expected) throw Failure("other header lines than those of an opening handshake in " + request);
}

struct Extensions {
  std::string lines = {};  // of the response
  std::optional<DeflateTerms> terms = std::nullopt;
};

Extensions answer_extensions(const std::string& request, const std::vector<DeflateWish>& deflate, OwnContext context) {
  const auto offers = values_of(request, kExtensions);
  if (offers.size() > 1) throw Failure("more than one list of extensions in the request");
  if (deflate.empty()) return {};
  if (offers.empty()) throw Failure("the client offers no permessage-deflate");
  const DeflateAnswer answer = answer_to(offers[0], deflate, context);
  return {std::string(kExtensions).append(": ").append(answer.response).append("\r\n"), answer.terms};
}

}  // namespace

void ServerOpening::check(const std::string& request) {
  if (!request.starts_with("GET / HTTP/1.1\r\n")) throw Failure("expected GET / HTTP/1.1; came " + request);
  check_names(request);
  demand(request, "Host", {"127.0.0.1:" + std::to_string(port())});
  demand_in_any_case(request, "Upgrade", "websocket");
  demand_in_any_case(request, "Connection", "upgrade");
  demand(request, "Sec-WebSocket-Version", {"13"});
  const std::string key = values_of(request, "Sec-WebSocket-Key").front();
  if (!is_base64_of_16_octets(key)) throw Failure("the key is not 16 octets in Base64: " + key);
  const std::scoped_lock lock(mutex_);
  if (!keys_.insert(key).second) throw Failure("the key of another connection: " + key);
}

Peer ServerOpening::accept(const std::vector<DeflateWish>& deflate, OwnContext context) {
  test::RawClient socket = listener_.accept();
  const std::string request = socket.read_head();
  check(request);
  const Extensions extensions = answer_extensions(request, deflate, context);
  if (socket.readable_within(kSpeaksTooEarlyMs)) throw Failure("octets behind the request, before the response");
  socket.send(test::switching_protocols(request, extensions.lines));
  return {std::move(socket), Peer::Role::server, extensions.terms};
}

}  // namespace mote::conformance
