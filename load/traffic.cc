#include "load/traffic.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "load/clock.h"

namespace mote::load {
namespace {

constexpr std::uint64_t kEndless = std::numeric_limits<std::uint64_t>::max();

std::uint64_t quota_of(const Options& options, std::uint32_t index) {
  if (!options.messages) return kEndless;
  return *options.messages / options.connections + (index < *options.messages % options.connections ? 1 : 0);
}

}  // namespace

Traffic::Traffic(const Options& options, Errors& errors, std::function<void()> complete)
    : errors_(errors),
      complete_(std::move(complete)),
      payloads_(options),
      payload_bytes_(options.payload_bytes),
      pipeline_(options.pipeline),
      text_(options.text),
      verify_(options.verify),
      deflate_(options.deflate),
      open_loop_(options.rate.has_value()),
      rate_(options.rate.value_or(0)),
      links_(options.connections),
      last_(options.messages.value_or(kEndless)),
      target_(last_) {
  for (std::uint32_t i = 0; i < options.connections; ++i) {
    links_[i].index = i;
    links_[i].quota = quota_of(options, i);
  }
  if (open_loop_) return;
  ring_bits_ = static_cast<unsigned>(std::bit_width(pipeline_ - 1));
  ring_mask_ = (std::uint64_t{1} << ring_bits_) - 1;
  sent_at_.resize(links_.size() << ring_bits_);
}

void Traffic::begin(Link& link, std::int64_t now) {
  if (std::exchange(link.begun, true) || link.socket == nullptr) return;
  flowing_ = true;
  for (std::uint64_t i = std::min<std::uint64_t>(pipeline_, link.quota); i != 0; --i) send(link, now);
}

void Traffic::begin_schedule(std::int64_t now) {
  flowing_ = true;
  schedule_ = Schedule(rate_, static_cast<std::uint32_t>(links_.size()), now);
  next_due_ = now;
  send_due(now);
}

void Traffic::send_due(std::int64_t now) {
  while (flowing_ && next_due_ <= now) {
    Link& link = links_[schedule_.connection(next_)];
    if (link.socket != nullptr) {
      if (in_window(next_due_)) lateness_.record(static_cast<std::uint64_t>(now - next_due_));
      send(link, now);
    } else {
      ++unsent_;
      if (target_ != kEndless) --target_;
    }
    ++next_;
    next_due_ = next_ < last_ ? schedule_.due(next_) : kNotYet;
  }
}

/// On a connection that is open. Where it is not any more, its end is told soon.
void Traffic::send(Link& link, std::int64_t now) {
  const std::uint64_t number = link.sent++;
  ++sent_;
  if (!open_loop_) sent_at(link, number) = now;
  if (deflate_) {
    link.socket->send(payloads_.prepared(payload_of(link, number)));
  } else if (text_) {
    link.socket->send(payloads_.text(payload_of(link, number)), Compress::never);
  } else {
    link.socket->send(payloads_.bytes(payload_of(link, number)), Compress::never);
  }
}

/// Messages that came with one read lie one behind the other, with a frame's head between them. They arrived together,
/// and reading the clock costs as much as all else that is done for a message here.
inline std::int64_t Traffic::arrival_of(std::span<const std::byte> payload) {
  constexpr std::uintptr_t shortest_head = 2;
  constexpr std::uintptr_t longest_head = 10;
  const auto begin = reinterpret_cast<std::uintptr_t>(payload.data());
  const std::uintptr_t gap = begin - payload_end_;
  if (gap < shortest_head || gap > longest_head) arrival_ = now_ns();
  payload_end_ = begin + payload.size();
  return arrival_;
}

void Traffic::received(Link& link, bool text, std::span<const std::byte> payload) {
  const std::int64_t now = arrival_of(payload);
  if (link.echoed == link.sent) [[unlikely]] {
    return errors_.note(errors_.wrong, "a message came for which none was sent");
  }
  const std::uint64_t number = link.echoed++;
  ++echoed_;
  check(link, number, text, payload);
  if (open_loop_) {
    const std::int64_t due = schedule_.due(link.index, number);
    if (in_window(due)) latencies_.record(static_cast<std::uint64_t>(now - due));
    if (next_due_ <= now) send_due(now);
  } else {
    if (in_window(now)) latencies_.record(static_cast<std::uint64_t>(now - sent_at(link, number)));
    if (flowing_ && link.sent < link.quota) send(link, now);
  }
  if (complete()) [[unlikely]]
    complete_();
}

void Traffic::check(Link& link, std::uint64_t number, bool text, std::span<const std::byte> payload) {
  if (text != text_) [[unlikely]] {
    errors_.note(errors_.wrong, text_ ? "a text message came back as binary" : "a binary message came back as text");
  } else if (payload.size() != payload_bytes_) [[unlikely]] {
    errors_.note(errors_.wrong, "an echo has another size than the message");
  } else if (verify_ && !payloads_.equals(payload_of(link, number), payload)) [[unlikely]] {
    errors_.note(errors_.wrong, "an echo differs from the message");
  }
}

void Traffic::ended(Link& link) {
  link.socket = nullptr;
  lost_ += link.sent - link.echoed;
  if (target_ == kEndless) return;
  // In an open loop what it was to send is counted off when it is due.
  target_ -= open_loop_ ? link.sent - link.echoed : link.quota - link.echoed;
}

void Traffic::begin_window(std::int64_t now) {
  window_begin_ = now;
  window_ns_ = static_cast<std::uint64_t>(kNotYet - now);
}

void Traffic::end_window(std::int64_t now) { window_ns_ = static_cast<std::uint64_t>(now - window_begin_); }

void Traffic::count_missing() {
  const std::uint64_t missing = sent_ - echoed_ + unsent_;
  if (missing != 0) errors_.note(errors_.missing, "a message was not echoed", missing);
}

}  // namespace mote::load
