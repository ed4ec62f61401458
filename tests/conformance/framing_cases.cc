#include "tests/conformance/script.h"

namespace mote::conformance {
namespace {

constexpr unsigned kProtocolError = 1002;
constexpr unsigned kRsv3 = 1;
constexpr unsigned kRsv2 = 2;
constexpr unsigned kRsv1 = 4;

const std::string kHello = "Hello, world!";
const std::string kNotUtf8("\x00\xFF\xFE\xFD\xFC\xFB\x00\xFF", 8);

std::string stars(std::size_t size) { return std::string(size, '*'); }
std::string octets_fe(std::size_t size) { return std::string(size, '\xFE'); }

Frame with_reserved(Frame frame, unsigned reserved) {
  frame.reserved = reserved;
  return frame;
}

std::vector<Frame> pings(unsigned opcode) {
  std::vector<Frame> frames;
  for (int i = 0; i < 10; ++i) frames.push_back({opcode, "payload-" + std::to_string(i)});
  return frames;
}

/// A legal text, the frame at fault, and a ping that nobody must answer any more.
Script only_the_text_comes_back(const Frame& fault, Chops chops = kTogether) {
  return is_closed(kProtocolError, {text(kHello), fault, ping()}, chops, {text(kHello)});
}

std::vector<Case> lengths() {
  return {
      {"1.1.1", "empty text", echoes(text())},
      {"1.1.2", "text of 125 octets", echoes(text(stars(125)))},
      {"1.1.3", "text of 126 octets", echoes(text(stars(126)))},
      {"1.1.4", "text of 127 octets", echoes(text(stars(127)))},
      {"1.1.5", "text of 128 octets", echoes(text(stars(128)))},
      {"1.1.6", "text of 65535 octets", echoes(text(stars(65535)))},
      {"1.1.7", "text of 65536 octets", echoes(text(stars(65536)))},
      {"1.1.8", "text of 65536 octets, 997 at a time", echoes(text(stars(65536)), chops_of(997))},
      {"1.2.1", "empty binary message", echoes(binary())},
      {"1.2.2", "binary message of 125 octets", echoes(binary(octets_fe(125)))},
      {"1.2.3", "binary message of 126 octets", echoes(binary(octets_fe(126)))},
      {"1.2.4", "binary message of 127 octets", echoes(binary(octets_fe(127)))},
      {"1.2.5", "binary message of 128 octets", echoes(binary(octets_fe(128)))},
      {"1.2.6", "binary message of 65535 octets", echoes(binary(octets_fe(65535)))},
      {"1.2.7", "binary message of 65536 octets", echoes(binary(octets_fe(65536)))},
      {"1.2.8", "binary message of 65536 octets, 997 at a time", echoes(binary(octets_fe(65536)), chops_of(997))},
  };
}

std::vector<Case> pings_and_pongs() {
  const std::string unasked = "unsolicited pong payload";
  return {
      {"2.1", "ping without payload", answers({ping()}, {pong()})},
      {"2.2", "ping with text", answers({ping(kHello)}, {pong(kHello)})},
      {"2.3", "ping with octets that are no UTF-8", answers({ping(kNotUtf8)}, {pong(kNotUtf8)})},
      {"2.4", "ping of 125 octets", answers({ping(octets_fe(125))}, {pong(octets_fe(125))})},
      {"2.5", "ping of 126 octets: Close 1002", is_closed(kProtocolError, {ping(octets_fe(126))})},
      {"2.6", "ping of 125 octets, octet by octet",
       answers({ping(octets_fe(125))}, {pong(octets_fe(125))}, kOctetWise)},
      {"2.7", "pong that nobody asked for, without payload: no answer", is_closed(1000, {pong(), close_of(1000)})},
      {"2.8", "pong that nobody asked for, with payload: no answer", is_closed(1000, {pong(unasked), close_of(1000)})},
      {"2.9", "pong that nobody asked for, then a ping: its pong",
       answers({pong(unasked), ping("ping payload")}, {pong("ping payload")})},
      {"2.10", "ten pings: ten pongs in order", answers(pings(kPing), pings(kPong))},
      {"2.11", "ten pings, octet by octet: ten pongs in order", answers(pings(kPing), pings(kPong), kOctetWise)},
  };
}

std::vector<Case> reserved_bits() {
  return {
      {"3.1", "text with RSV3: Close 1002", is_closed(kProtocolError, {with_reserved(text(kHello), kRsv3)})},
      {"3.2", "text, text with RSV2, ping: one echo, Close 1002",
       only_the_text_comes_back(with_reserved(text(kHello), kRsv2))},
      {"3.3", "text, text with RSV2 and RSV3, ping, frame by frame: one echo, Close 1002",
       only_the_text_comes_back(with_reserved(text(kHello), kRsv2 | kRsv3), kFrameWise)},
      {"3.4", "text, text with RSV1, ping, octet by octet: one echo, Close 1002",
       only_the_text_comes_back(with_reserved(text(kHello), kRsv1), kOctetWise)},
      {"3.5", "binary message with RSV1 and RSV3: Close 1002",
       is_closed(kProtocolError, {with_reserved(binary(kNotUtf8), kRsv1 | kRsv3)})},
      {"3.6", "ping with RSV1 and RSV2: Close 1002",
       is_closed(kProtocolError, {with_reserved(ping(kHello), kRsv1 | kRsv2)})},
      {"3.7", "Close with all reserved bits: Close 1002",
       is_closed(kProtocolError, {with_reserved({kClose}, kRsv1 | kRsv2 | kRsv3)})},
  };
}

std::vector<Case> opcodes() {
  const std::string payload = "reserved opcode payload";
  return {
      {"4.1.1", "opcode 3, empty: Close 1002", is_closed(kProtocolError, {{3}})},
      {"4.1.2", "opcode 4 with payload: Close 1002", is_closed(kProtocolError, {{4, payload}})},
      {"4.1.3", "text, opcode 5, ping: one echo, Close 1002", only_the_text_comes_back({5})},
      {"4.1.4", "text, opcode 6 with payload, ping: one echo, Close 1002", only_the_text_comes_back({6, kHello})},
      {"4.1.5", "text, opcode 7 with payload, ping, octet by octet: one echo, Close 1002",
       only_the_text_comes_back({7, kHello}, kOctetWise)},
      {"4.2.1", "opcode 11, empty: Close 1002", is_closed(kProtocolError, {{11}})},
      {"4.2.2", "opcode 12 with payload: Close 1002", is_closed(kProtocolError, {{12, payload}})},
      {"4.2.3", "text, opcode 13, ping: one echo, Close 1002", only_the_text_comes_back({13})},
      {"4.2.4", "text, opcode 14 with payload, ping: one echo, Close 1002", only_the_text_comes_back({14, kHello})},
      {"4.2.5", "text, opcode 15 with payload, ping, octet by octet: one echo, Close 1002",
       only_the_text_comes_back({15, kHello}, kOctetWise)},
  };
}

/// Two fragments and a ping that is answered between them, the pause, two more with a ping, and the last.
Script answers_pings_inside_a_message(Chops chops) {
  return [chops](Peer& peer, const Scale& scale) {
    peer.send({first_of_text("fragment1"), more("fragment2"), ping("pongme 1!")}, chops);
    peer.expect(pong("pongme 1!"));
    peer.expect_silence(scale.pause());
    peer.send({more("fragment3"), more("fragment4"), ping("pongme 2!"), last("fragment5")}, chops);
    peer.expect(pong("pongme 2!"));
    peer.expect(text("fragment1fragment2fragment3fragment4fragment5"));
    peer.close_normally();
  };
}

std::vector<Case> fragments() {
  const std::vector<Frame> two = {first_of_text("fragment1"), last("fragment2")};
  const std::vector<Frame> two_and_ping = {first_of_text("fragment1"), ping("ping payload"), last("fragment2")};
  const std::vector<Frame> pong_and_whole = {pong("ping payload"), text("fragment1fragment2")};
  const Frame whole = text("fragment1fragment2");
  const Frame stray = last("non-continuation payload");
  const Frame open_stray = more("non-continuation payload");
  return {
      {"5.1", "fragmented ping: Close 1002",
       is_closed(kProtocolError, {{kPing, "fragment1", false}, last("fragment2")})},
      {"5.2", "fragmented pong: Close 1002",
       is_closed(kProtocolError, {{kPong, "fragment1", false}, last("fragment2")})},
      {"5.3", "text in two fragments", answers(two, {whole})},
      {"5.4", "text in two fragments, frame by frame", answers(two, {whole}, kFrameWise)},
      {"5.5", "text in two fragments, octet by octet", answers(two, {whole}, kOctetWise)},
      {"5.6", "text in two fragments, a ping between them", answers(two_and_ping, pong_and_whole)},
      {"5.7", "text in two fragments, a ping between them, frame by frame",
       answers(two_and_ping, pong_and_whole, kFrameWise)},
      {"5.8", "text in two fragments, a ping between them, octet by octet",
       answers(two_and_ping, pong_and_whole, kOctetWise)},
      {"5.9", "continuation of nothing with FIN, then a text: Close 1002",
       is_closed(kProtocolError, {stray, text(kHello)})},
      {"5.10", "continuation of nothing with FIN, then a text, frame by frame: Close 1002",
       is_closed(kProtocolError, {stray, text(kHello)}, kFrameWise)},
      {"5.11", "continuation of nothing with FIN, then a text, octet by octet: Close 1002",
       is_closed(kProtocolError, {stray, text(kHello)}, kOctetWise)},
      {"5.12", "continuation of nothing without FIN, then a text: Close 1002",
       is_closed(kProtocolError, {open_stray, text(kHello)})},
      {"5.13", "continuation of nothing without FIN, then a text, frame by frame: Close 1002",
       is_closed(kProtocolError, {open_stray, text(kHello)}, kFrameWise)},
      {"5.14", "continuation of nothing without FIN, then a text, octet by octet: Close 1002",
       is_closed(kProtocolError, {open_stray, text(kHello)}, kOctetWise)},
      {"5.15", "text in two fragments, continuation of nothing, a text: one echo, Close 1002",
       is_closed(kProtocolError, {two[0], two[1], more("fragment3"), text("fragment4")}, kTogether, {whole})},
      {"5.16", "continuation of nothing without FIN before a text in two fragments, twice: Close 1002",
       is_closed(kProtocolError, {more("fragment1"), first_of_text("fragment2"), last("fragment3"), more("fragment1"),
                                  first_of_text("fragment2"), last("fragment3")})},
      {"5.17", "continuation of nothing with FIN before a text in two fragments, twice: Close 1002",
       is_closed(kProtocolError, {last("fragment1"), first_of_text("fragment2"), last("fragment3"), last("fragment1"),
                                  first_of_text("fragment2"), last("fragment3")})},
      {"5.18", "text inside a fragmented text: Close 1002",
       is_closed(kProtocolError, {first_of_text("fragment1"), text("fragment2")})},
      {"5.19", "five fragments with two pings among them, and a pause", answers_pings_inside_a_message(kTogether)},
      {"5.20", "five fragments with two pings among them, and a pause, frame by frame",
       answers_pings_inside_a_message(kFrameWise)},
      {"10.1.1", "text of 65536 octets in fragments of 1300",
       [](Peer& peer, const Scale&) {
         peer.send_message(text(stars(65536)), 1300);
         peer.expect(text(stars(65536)));
         peer.close_normally();
       }},
  };
}

}  // namespace

std::vector<Case> framing_cases() {
  std::vector<Case> cases;
  for (auto part : {lengths, pings_and_pongs, reserved_bits, opcodes, fragments}) {
    for (Case& one : part()) cases.push_back(std::move(one));
  }
  return cases;
}

}  // namespace mote::conformance
