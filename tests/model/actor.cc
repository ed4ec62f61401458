#include "tests/model/actor.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <thread>
#include <utility>

namespace mote::model {
namespace {

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Actor::Actor(House& house, Random& random, const Lines& lines)
    : house_(house), random_(random), wild_(random.one_in(3)), own_callbacks_(random.one_in(2)), lines_(lines) {
  house.announces_attempts = own_callbacks_;
}

void Actor::start(Server& server) {
  server_ = &server;
  if (own_callbacks_) {
    server.start([this](Connection& socket) { configure(socket); });
  } else {
    server.start(handlers());
  }
}

/// Nobody is called back before that returns.
void Actor::connect(Client& client, OutgoingLine& line) {
  client_ = &client;
  const bool inside = std::exchange(house_.inside_call, true);
  line.begun(own_callbacks_
                 ? client.connect(line.url(), line.options(), [this](Connection& socket) { configure(socket); })
                 : client.connect(line.url(), line.options(), handlers()));
  house_.inside_call = inside;
}

void Actor::post(Callback<void()> task) {
  server_ != nullptr ? server_->post(std::move(task)) : client_->post(std::move(task));
}

/// Its path is `/NUMBER`.
Line& Actor::line_of(const Connection& socket) {
  const std::string path(socket.info().path);
  std::size_t number = 0;
  std::from_chars(path.data() + 1, path.data() + path.size(), number);
  return *lines_.at(number);
}

/// What all connections' callbacks are told first tells of the connection, too.
NearEnd& Actor::of(Connection& socket) {
  Line& line = line_of(socket);
  if (line.near().was_configured()) return line.near();
  line.check_attempt();
  line.near().configured(socket);
  return line.near();
}

// ---- Callbacks

void Actor::configure(Connection& socket) {
  house_.require(!line_of(socket).near().was_configured(), "configured twice: " + std::string(socket.info().path));
  NearEnd& near = of(socket);
  set_callbacks(socket);
  if (random_.one_in(4)) near.take_handle();
  if (random_.one_in(60)) throw std::runtime_error(near.throws());
  if (random_.one_in(60)) near.abort(via());
  if (random_.one_in(60)) close_somehow(near);
}

void Actor::set_callbacks(Connection& socket) {
  socket.on_open([this, &socket] { on_open(socket); });
  socket.on_message([this, &socket](std::string_view text) { on_data(socket, 1, text); });
  socket.on_binary([this, &socket](std::span<const std::byte> bytes) { on_data(socket, 2, text_of(bytes)); });
  socket.on_ping([this, &socket](std::span<const std::byte> bytes) { on_control(socket, Unit::Kind::ping, bytes); });
  socket.on_pong([this, &socket](std::span<const std::byte> bytes) { on_control(socket, Unit::Kind::pong, bytes); });
  socket.on_drain([this, &socket] { on_drain(socket); });
  socket.on_error([this, &socket](const Error& error) { on_error(socket, error); });
  socket.on_close([this, &socket](const CloseInfo& why) { on_close(socket, why); });
}

Handlers Actor::handlers() {
  return {
      .on_open = [this](Connection& socket) { on_open(socket); },
      .on_message = [this](Connection& socket, std::string_view text) { on_data(socket, 1, text); },
      .on_binary = [this](Connection& socket, std::span<const std::byte> bytes) { on_data(socket, 2, text_of(bytes)); },
      .on_ping = [this](Connection& socket,
                        std::span<const std::byte> bytes) { on_control(socket, Unit::Kind::ping, bytes); },
      .on_pong = [this](Connection& socket,
                        std::span<const std::byte> bytes) { on_control(socket, Unit::Kind::pong, bytes); },
      .on_drain = [this](Connection& socket) { on_drain(socket); },
      .on_error = [this](Connection& socket, const Error& error) { on_error(socket, error); },
      .on_close = [this](Connection& socket, const CloseInfo& why) { on_close(socket, why); },
  };
}

void Actor::on_open(Connection& socket) {
  NearEnd& near = of(socket);
  near.opened();
  if (random_.one_in(2)) near.take_handle();
  in_callback(near, true);
}

void Actor::on_data(Connection& socket, unsigned opcode, std::string_view payload) {
  NearEnd& near = of(socket);
  near.heard(Unit::Kind::message, opcode, payload);
  if (random_.one_in(2)) near.send(via(), opcode, std::string(payload));
  in_callback(near, true);
}

void Actor::on_control(Connection& socket, Unit::Kind kind, std::span<const std::byte> payload) {
  NearEnd& near = of(socket);
  near.heard(kind, kind == Unit::Kind::ping ? 9 : 10, text_of(payload));
  in_callback(near, true);
}

void Actor::on_drain(Connection& socket) {
  NearEnd& near = of(socket);
  near.drained();
  in_callback(near, true);
}

/// What this one throws is logged, and that is all.
void Actor::on_error(Connection& socket, const Error& error) {
  NearEnd& near = of(socket);
  near.failed(error);
  in_callback(near, false);
  if (random_.one_in(30)) throw std::runtime_error("from on_error");
}

void Actor::on_close(Connection& socket, const CloseInfo& why) {
  Line& line = line_of(socket);
  NearEnd& near = of(socket);
  near.closed(why);
  in_callback(near, false);
  line.gone();
  if (random_.one_in(30)) throw std::runtime_error("from on_close");
}

// ---- What it does

void Actor::in_callback(NearEnd& near, bool may_throw) {
  const std::size_t times = random_.one_in(wild_ ? 2 : 6) ? random_.between(1, 3) : 0;
  for (std::size_t i = 0; i < times; ++i) {
    if (random_.one_in(20)) {
      act_in_thread();
    } else if (connect_ && random_.one_in(20)) {
      connect_();
    } else if (destroy_client_ && random_.one_in(60)) {
      destroy_client_();
    } else if (Line* const other = random_.one_in(5) ? anybody() : nullptr) {
      act_on(other->near());
    } else {
      act_on(near);
    }
  }
  if (may_throw && random_.one_in(wild_ ? 60 : 300)) throw std::runtime_error(near.throws());
}

void Actor::act_outside() {
  if (Line* const line = anybody()) act_on(line->near());
}

Line* Actor::anybody() { return lines_.empty() ? nullptr : lines_[random_.below(lines_.size())].get(); }

NearEnd::Via Actor::via() { return random_.one_in(2) ? NearEnd::Via::handle : NearEnd::Via::connection; }

void Actor::act_on(NearEnd& near) {
  if (!near.reachable()) return;
  if (near.is_paused() && random_.one_in(8)) return close_somehow(near);
  switch (random_.below(wild_ ? 20 : 40)) {
    case 0:
      return close_somehow(near);
    case 1:
      return random_.one_in(2) ? near.abort(via()) : near.take_handle();
    case 2:
    case 3:
      return near.pause(via());
    case 4:
    case 5:
    case 6:
      return near.resume(via());
    case 7:
      return random_.one_in(wild_ ? 6 : 20) ? end_it_all() : near.take_handle();
    case 8:
      if (own_callbacks_ && near.socket() != nullptr) set_callbacks(*near.socket());
      return;
    default:
      return send_something(near);
  }
}

std::string Actor::payload() {
  const std::size_t size = random_.one_in(10) ? random_.below(70'000) : random_.below(random_.one_in(4) ? 3'000 : 60);
  return std::string(size, static_cast<char>('A' + random_.below(26)));
}

void Actor::send_something(NearEnd& near) {
  if (random_.one_in(6)) return near.send(via(), 9, "from mote " + std::to_string(random_.below(1000)));
  if (random_.one_in(6)) return near.send(via(), 10, "pong of mote " + std::to_string(random_.below(1'000'000)));
  if (random_.one_in(3) && fill_exactly(near)) return;
  const std::size_t times = random_.one_in(10) ? random_.between(5, 60) : 1;
  const std::string what = payload();
  for (std::size_t i = 0; i < times; ++i) near.send(via(), random_.one_in(2) ? 1 : 2, what);
}

/// Up to the hard limit, or one byte more, where something waits.
bool Actor::fill_exactly(NearEnd& near) {
  const std::size_t waits = near.is_open() ? near.socket()->queued_bytes() : 0;
  if (waits == 0 || waits >= house_.options.hard_limit_bytes) return false;
  near.send(via(), 2, std::string(house_.options.hard_limit_bytes - waits + random_.below(2), 'x'));
  return true;
}

void Actor::close_somehow(NearEnd& near) {
  static constexpr std::array<std::uint16_t, 4> kCodes{1000, 1008, 3333, 4999};
  near.close(via(), random_.pick(kCodes), random_.one_in(2) ? "" : "mote's reason");
}

void Actor::end_it_all() { random_.one_in(2) ? stop() : drain(); }

void Actor::stop() {
  house_.note("stop");
  house_.stopped = true;
  server_ != nullptr ? server_->stop() : client_->stop();
}

/// A client has nothing of the kind.
void Actor::drain() {
  if (server_ == nullptr) return stop();
  const std::chrono::milliseconds deadline(random_.one_in(4) ? 0 : random_.below(5'000));
  house_.note("drain within " + std::to_string(deadline.count()) + " ms");
  const std::int64_t until = House::now_ms() + deadline.count();
  if (!house_.drained_ms) house_.drained_ms = House::now_ms();
  if (!house_.deadline_ms || until < *house_.deadline_ms) house_.deadline_ms = until;
  server_->drain(deadline);
}

void Actor::resume_all() {
  for (const auto& line : lines_) {
    if (line->near().is_paused()) line->near().resume(NearEnd::Via::connection);
  }
}

/// The thread has ended before this one goes on, so that a play is always the same. What it has asked for is done by
/// tasks of this one, in order, and so can be seen.
void Actor::act_in_thread() {
  Line* const line = anybody();
  if (line == nullptr || !line->near().reachable()) return;
  line->near().take_handle();
  const Handle handle = line->near().handle();
  const std::size_t what = random_.below(8);
  const unsigned opcode = random_.one_in(5) ? 10 : random_.one_in(2) ? 1 : 2;
  const std::string bytes = opcode == 10 ? "pong of a thread " + std::to_string(random_.below(1'000'000)) : payload();
  SendStatus status = SendStatus::closed;
  const bool open = handle.is_open();
  std::thread([&] {
    post([line] { line->near().before_posted(); });
    if (what == 0) {
      handle.close(4001, "by a thread");
      post([line] { line->near().after_posted_close(4001); });
    } else if (what == 1) {
      handle.abort();
      post([line] { line->near().after_posted_abort(); });
    } else {
      status = opcode == 10 ? handle.send_pong(std::as_bytes(std::span(bytes))) : handle.send(bytes);
      const unsigned sent_as = opcode == 10 ? 10 : 1;
      post([line, sent_as, bytes, status] { line->near().after_posted_send(sent_as, bytes, status); });
    }
  }).join();
  house_.note("another thread: action " + std::to_string(what) + " on connection " +
              std::to_string(line->far().number()));
  if (what > 1)
    house_.require(open || status == SendStatus::closed, "a thread may send through a handle that is closed");
}

}  // namespace mote::model
