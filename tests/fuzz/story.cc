#include "tests/fuzz/story.h"

#include <array>
#include <string>

#include <mote/handle.h>

#include "tests/support/client_frame.h"

namespace mote::fuzz {
namespace {

constexpr unsigned kFin = 0x80;
constexpr unsigned kCompressed = 0x40;

/// A stored block, and the header of an empty one (RFC 7692 §7.2.1).
std::string stored(std::string_view bytes) {
  std::string payload(1, '\0');
  const auto size = static_cast<unsigned>(bytes.size());
  for (const unsigned half : {size, ~size}) {
    payload += static_cast<char>(half & 0xFF);
    payload += static_cast<char>(half >> 8 & 0xFF);
  }
  return payload.append(bytes).append(1, '\0');
}

std::string proxy_header(std::uint16_t port) {
  return "PROXY TCP4 192.0.2." + std::to_string(port % 4) + " 192.0.2.9 " + std::to_string(port) + " 80\r\n";
}

}  // namespace

void Story::begin(Kernel& kernel, Server& server, ProxyProtocol proxies) {
  kernel_ = &kernel;
  server_ = &server;
  proxies_ = proxies;
}

Visitor* Story::visitor_from(std::uint16_t port) const {
  for (const auto& visitor : visitors_) {
    if (visitor->wire().port() == port) return visitor.get();
  }
  return nullptr;
}

bool Story::step() {
  switch (chapter_) {
    case Chapter::input:
      if (input_.empty()) return leave_all();
      act();
      return true;
    case Chapter::leaving:
      check(kernel_->now_ms() - left_at_ms_ < kPatienceMs);
      return kernel_->nobody_is_connected() && send_last_visitor();
    case Chapter::last_visitor:
      if (!kernel_->nobody_is_connected()) return false;
      check(ending_ || visitors_.back()->events() == std::vector<std::string>{"text:anybody there?"});
      end_server();
      return true;
    case Chapter::over:
      break;
  }
  return false;
}

/// One octet: what happens in its low half, to whom in its high one.
void Story::act() {
  const std::uint8_t choice = input_.octet();
  if (choice % 16 == 0) return arrive();
  if (choice % 16 == 12) return let_time_pass();
  if (Visitor* const visitor = somebody(choice / 16)) do_as(*visitor, choice % 16);
}

void Story::arrive() {
  if (visitors_.size() < kMostVisitors) visitors_.push_back(std::make_unique<Visitor>(kernel_->connect()));
}

Visitor* Story::somebody(std::uint8_t choice) const {
  return visitors_.empty() ? nullptr : visitors_[choice % visitors_.size()].get();
}

void Story::do_as(Visitor& visitor, std::uint8_t what) {
  switch (what) {
    case 1:
      return ask(visitor);
    case 2:
      return say(visitor, input_.take(input_.octet()));
    case 3:
    case 4:
      return say_frame(visitor, kFin | (what - 2U), input_.take(input_.octet()));
    case 5: {
      const unsigned first = input_.octet();
      return say_frame(visitor, first, input_.take(input_.octet()));
    }
    case 6:
      return say_large(visitor);
    case 7:
      return say_stored(visitor);
    case 8:
      return say_frame(visitor, kFin | 8U, input_.take(input_.octet() % 126U));
    case 9:
      return visitor.wire().finish();
    case 10:
      return visitor.wire().reset();
    case 11: {
      const std::size_t room = input_.octet();
      return room == 0 ? visitor.wire().stop_reading() : visitor.wire().make_room(room * 64);
    }
    case 13:
      return program_acts(visitor);
    case 14:
      return say(visitor, "GET /page HTTP/1.1\r\nHost: test.example\r\n\r\n");
    default:
      return say_introduction(visitor);
  }
}

void Story::say(Visitor& visitor, std::string_view bytes) {
  if (visitor.wire().said().size() + bytes.size() <= kMostSaid) visitor.wire().say(bytes);
}

void Story::ask(Visitor& visitor) {
  const std::uint8_t choice = input_.octet();
  std::string lines;
  if ((choice & 1) != 0) lines += "Sec-WebSocket-Extensions: permessage-deflate\r\n";
  if ((choice & 2) != 0) lines += "Sec-WebSocket-Protocol: other, chat\r\n";
  if ((choice & 4) != 0) lines += "Connection: keep-alive\r\n";
  visitor.ask(lines);
}

void Story::say_frame(Visitor& visitor, unsigned first, std::string_view payload) {
  test::FrameBits bits;
  bits.fin = (first & kFin) != 0;
  bits.reserved = first >> 4 & 7U;
  say(visitor, test::client_frame(first & 15U, payload, bits));
}

void Story::say_large(Visitor& visitor) {
  const unsigned first = input_.octet();
  const std::size_t size = std::size_t{input_.octet()} * 64;
  say_frame(visitor, first, std::string(size, static_cast<char>('a' + size / 64 % 26)));
}

void Story::say_stored(Visitor& visitor) {
  const unsigned first = input_.octet();
  say_frame(visitor, first | kCompressed, stored(input_.take(input_.octet())));
}

void Story::say_introduction(Visitor& visitor) {
  if (proxies_ == ProxyProtocol::required && visitor.wire().said().empty()) {
    say(visitor, proxy_header(visitor.wire().port()));
  }
  ask(visitor);
}

void Story::let_time_pass() {
  constexpr std::array kSpans = {1, 3, 10, 64, 500, 1000, 2500, 5000, 6000, 10'000, 20'000, 30'000, 50'000, 100'000};
  kernel_->pass(kSpans[input_.octet() % kSpans.size()]);
}

void Story::post(const Visitor& visitor, void (*call)(const Handle&)) {
  server_->post([handle = visitor.handle(), call] { call(handle); });
}

/// What a program does with a connection outside of its callbacks.
void Story::program_acts(Visitor& visitor) {
  switch (input_.octet() % 16) {
    case 0:
      return post(visitor, [](const Handle& handle) { handle.close(4000, "enough"); });
    case 1:
      return post(visitor, [](const Handle& handle) { handle.abort(); });
    case 2:
      return post(visitor, [](const Handle& handle) { handle.pause_reading(); });
    case 3:
    case 4:
      return post(visitor, [](const Handle& handle) { handle.resume_reading(); });
    case 5:
      return post(visitor, [](const Handle& handle) { handle.send_ping(bytes_of("ping")); });
    case 6:
      return post(visitor, [](const Handle&) { throw std::runtime_error("a task"); });
    case 7:
      ending_ = true;
      return server_->stop();
    case 8:
      ending_ = true;
      return server_->drain(std::chrono::milliseconds(3000));
    default:
      server_->post([&visitor] {
        if (visitor.handle().send("from outside") <= SendStatus::queued) visitor.was_sent("text:from outside");
      });
  }
}

/// From now on the kernel is a usual one, and nobody is kept waiting by the program.
bool Story::leave_all() {
  chapter_ = Chapter::leaving;
  left_at_ms_ = kernel_->now_ms();
  for (const auto& visitor : visitors_) {
    post(*visitor, [](const Handle& handle) { handle.resume_reading(); });
    choices_.next() % 8 == 7 ? visitor->wire().reset() : visitor->wire().finish();
  }
  choices_.end();
  return true;
}

bool Story::send_last_visitor() {
  chapter_ = Chapter::last_visitor;
  kernel_->pass(2000);  // rates are by the second
  visitors_.push_back(std::make_unique<Visitor>(kernel_->connect()));
  Visitor& last = *visitors_.back();
  if (proxies_ == ProxyProtocol::required) last.wire().say(proxy_header(last.wire().port()));
  last.ask({});
  last.wire().say(test::text_frame("anybody there?") + test::close_frame(1000));
  last.wire().finish();
  return true;
}

void Story::end_server() {
  chapter_ = Chapter::over;
  ending_ = true;
  server_->stop();
}

}  // namespace mote::fuzz
