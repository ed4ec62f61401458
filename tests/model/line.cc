#include "tests/model/line.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "tests/fault/credentials.h"
#include "tests/model/far_client.h"
#include "tests/model/far_server.h"
#include "tests/model/options.h"

namespace mote::model {

using std::chrono::milliseconds;

namespace {

constexpr std::int64_t kLateMs = 200;

Reconnect random_reconnect(Random& random) {
  Reconnect reconnect;
  reconnect.attempts = random.one_in(2)   ? 0
                       : random.one_in(3) ? Reconnect::kForever
                                          : static_cast<std::uint32_t>(random.between(1, 4));
  reconnect.first_delay = milliseconds(random.between(10, 1'500));
  reconnect.longest_delay = milliseconds(random.between(10, 4'000));
  reconnect.factor = 1 + static_cast<double>(random.below(20)) / 10;
  reconnect.jitter = 0;  // else a seed would not always be the same play
  return reconnect;
}

}  // namespace

// ---- Of both

FarEnd& Line::add(House& house, std::unique_ptr<FarEnd> far) {
  auto near = std::make_unique<NearEnd>(house, *far);
  connections_.push_back({std::move(far), std::move(near)});
  return *connections_.back().far;
}

std::size_t Line::opened() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(connections_, [](const auto& connected) { return connected.near->was_open(); }));
}

bool Line::step() {
  bool any = false;
  for (const auto& connected : connections_) any = connected.far->step() || any;
  return any;
}

void Line::stopped() {
  for (const auto& connected : connections_) connected.near->cut_short();
}

void Line::check_between_turns() const { near().check_between_turns(); }

void Line::check_at_rest() {
  for (const auto& connected : connections_) connected.near->check_at_rest();
}

void Line::check_at_end() {
  for (const auto& connected : connections_) connected.near->check_at_end();
}

// ---- Of a server

IncomingLine::IncomingLine(House& house, Random& random, unsigned number, const fault::Address& address) {
  auto client = std::make_unique<FarClient>(house, random, number);
  FarClient& added = *client;
  add(house, std::move(client));
  added.connect(address);
}

// ---- Of a client

OutgoingLine::OutgoingLine(House& house, Random& random, unsigned number, const std::string& folder)
    : house_(house),
      random_(random),
      number_(number),
      address_{fault::Address::Family::unix_socket, folder + "/line" + std::to_string(number)},
      reconnect_(random_reconnect(random)) {
  add_attempt();
}

void OutgoingLine::add_attempt() {
  add(house_, std::make_unique<FarServer>(house_, random_, number_, address_));
  near().on_farewell([this] { give_up(); });
}

std::string OutgoingLine::url() const {
  return (house_.secure ? "wss://test.example/" : "ws://test.example/") + std::to_string(number_);
}

ClientOptions OutgoingLine::options() const {
  const Options& common = house_.options;
  ClientOptions options;
  options.unix_socket = address_.file;
  options.reconnect = reconnect_;
  options.tls.ca_pem = house_.secure ? fault::credentials().ca_pem : "";
  options.connect_timeout = kConnectTimeout;
  options.handshake_timeout = common.handshake_timeout;
  options.max_message_bytes = common.max_message_bytes;
  options.max_fragments = common.max_fragments;
  options.compression = common.compression;
  options.soft_limit_bytes = common.soft_limit_bytes;
  options.hard_limit_bytes = common.hard_limit_bytes;
  options.overflow = common.overflow;
  options.ping_interval = common.ping_interval;
  options.ping_timeout = common.ping_timeout;
  options.close_timeout = common.close_timeout;
  options.write_timeout = common.write_timeout;
  options.turn_bytes = common.turn_bytes;
  options.turn_messages = common.turn_messages;
  return options;
}

void OutgoingLine::begun(Handle handle) {
  handle_ = std::move(handle);
  near().adopt(handle_);
}

void OutgoingLine::gone() {
  near().gone();
  gone_ms_ = House::now_ms();
  static_cast<FarServer&>(far()).retire();
  if (near().ended_here()) given_up_ = true;
  if (near().was_open()) failures_ = 0;
  over_ = given_up_ || (reconnect_.attempts != Reconnect::kForever && failures_ >= reconnect_.attempts);
  if (!over_) expect_another();
}

/// It may take as long as the closing handshake until the delay begins.
void OutgoingLine::expect_another() {
  const double grown = static_cast<double>(reconnect_.first_delay.count()) * std::pow(reconnect_.factor, failures_++);
  const auto delay =
      std::min(static_cast<std::int64_t>(grown), static_cast<std::int64_t>(reconnect_.longest_delay.count()));
  due_from_ms_ = House::now_ms() + delay;
  due_until_ms_ = due_from_ms_ + house_.options.close_timeout.count() + kLateMs;
  add_attempt();
  near().adopt(handle_);
}

void OutgoingLine::vanish() {
  Line::stopped();
  over_ = given_up_ = true;
  near().vanish();
}

void OutgoingLine::stopped() {
  Line::stopped();
  given_up_ = true;
}

bool OutgoingLine::is_over() const { return over_ || (given_up_ && !near().was_configured()); }

bool OutgoingLine::is_long_over() const {
  return is_over() && House::now_ms() > gone_ms_ + house_.options.close_timeout.count() + kLateMs;
}

std::size_t OutgoingLine::counted() const { return near().was_open() && !near().has_ended() && !over_ ? 1 : 0; }

void OutgoingLine::check_attempt() const {
  house_.require(house_.announces_attempts ? !is_over() : !over_, "an attempt although there should be no other");
  house_.require(House::now_ms() >= due_from_ms_, "an attempt before its time");
}

void OutgoingLine::check_at_rest() {
  Line::check_at_rest();
  if (is_over() || near().was_configured() || house_.stopped || house_.drained_ms || due_until_ms_ == 0) return;
  if (house_.announces_attempts)
    house_.require(House::now_ms() <= due_until_ms_, "another attempt did not come in time");
}

void OutgoingLine::check_at_end() {
  Line::check_at_end();
  house_.require(!handle_.is_open(), "a handle of the client's is open at the end");
}

}  // namespace mote::model
