#include "tests/model/wrong_answers.h"

#include <vector>

namespace mote::model {
namespace {

constexpr const char* kStatus = "HTTP/1.1 101 Switching Protocols\r\n";
constexpr const char* kUpgrade = "Upgrade: websocket\r\n";
constexpr const char* kConnection = "Connection: Upgrade\r\n";
constexpr const char* kAccept = "Sec-WebSocket-Accept: @\r\n";

std::string head(std::initializer_list<const char*> lines) {
  std::string all;
  for (const char* const line : lines) all += line;
  return all + "\r\n";
}

std::string many_lines() {
  std::string lines;
  for (int i = 0; i < 200; ++i) lines += "X-" + std::to_string(i) + ": x\r\n";
  return lines;
}

std::vector<WrongAnswer> make() {
  return {
      {"a wrong accept value", head({kStatus, kUpgrade, kConnection, "Sec-WebSocket-Accept: AAAA\r\n"})},
      {"no accept value", head({kStatus, kUpgrade, kConnection})},
      {"two accept values", head({kStatus, kUpgrade, kConnection, kAccept, kAccept})},
      {"no Upgrade", head({kStatus, kConnection, kAccept})},
      {"another Upgrade", head({kStatus, "Upgrade: h2c\r\n", kConnection, kAccept})},
      {"no Connection", head({kStatus, kUpgrade, kAccept})},
      {"101 in HTTP/1.0", head({"HTTP/1.0 101 Switching Protocols\r\n", kUpgrade, kConnection, kAccept})},
      {"a subprotocol", head({kStatus, kUpgrade, kConnection, kAccept, "Sec-WebSocket-Protocol: x\r\n"})},
      {"an extension", head({kStatus, kUpgrade, kConnection, kAccept, "Sec-WebSocket-Extensions: x-none\r\n"})},
      {"a line that is none", head({kStatus, kUpgrade, kConnection, "no line\r\n", kAccept})},
      {"too many lines", head({kStatus, many_lines().c_str(), kUpgrade, kConnection, kAccept})},
      {"a line without end", std::string(kStatus) + "X: " + std::string(20'000, 'x')},
      {"no HTTP", "220 far.example ESMTP ready\r\n\r\n"},
      {"zeros", std::string(64, '\0')},
      {"200", head({"HTTP/1.1 200 OK\r\n", "Content-Length: 2\r\n"}) + "ok", 200},
      {"a redirect", head({"HTTP/1.1 302 Found\r\n", "Location: ws://far.example/other\r\n"}), 302},
      {"401", head({"HTTP/1.1 401 Unauthorized\r\n", "WWW-Authenticate: Basic\r\n"}), 401},
      {"404 with 101's fields", head({"HTTP/1.1 404 Not Found\r\n", kUpgrade, kConnection, kAccept}), 404},
      {"503 behind 103", "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 503 Busy\r\nConnection: close\r\n\r\n", 503},
  };
}

}  // namespace

std::span<const WrongAnswer> wrong_answers() {
  static const std::vector<WrongAnswer> all = make();
  return all;
}

std::string right_answer(const std::string& accept) {
  return std::string(kStatus) + kUpgrade + kConnection + "Sec-WebSocket-Accept: " + accept + "\r\n";
}

}  // namespace mote::model
