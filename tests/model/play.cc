#include "tests/model/play.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>

#include "tests/model/bad_bytes.h"

namespace mote::model {

using std::chrono::milliseconds;

Play::Play(std::uint64_t seed, std::string folder, bool traces)
    : random_(seed),
      house_{.options = {}, .verdict = Verdict(traces)},
      actor_(house_, random_),
      folder_(std::move(folder)),
      actions_left_(random_.between(10, 80)),
      most_clients_(random_.between(1, 5)) {
  house_.options = random_options();
}

Options Play::random_options() {
  Options options;
  options.max_message_bytes = kMaxMessageBytes;
  options.max_fragments = kMaxFragments;
  options.soft_limit_bytes = random_.one_in(2) ? 64 * 1024 : random_.between(1, 20'000);
  options.hard_limit_bytes = options.soft_limit_bytes + random_.below(random_.one_in(2) ? 1'000'000 : 100'000);
  options.overflow = random_.one_in(2) ? Overflow::close_connection : Overflow::drop_message;
  if (random_.one_in(2)) options.turn_messages = static_cast<std::uint32_t>(random_.between(1, 5));
  if (random_.one_in(2)) options.turn_bytes = random_.between(500, 5'000);
  if (random_.one_in(4)) {
    options.compression = {.mode = random_.one_in(2) ? CompressionMode::on : CompressionMode::on_request,
                           .server_context_takeover = random_.one_in(2)};
  }
  options.handshake_timeout = milliseconds(5'000);
  options.ping_interval = milliseconds(3'000);
  options.ping_timeout = milliseconds(2'000);
  options.close_timeout = milliseconds(1'500);
  options.write_timeout = milliseconds(4'000);
  return options;
}

std::string Play::perform() {
  fault::World world(static_cast<fault::Director&>(*this), 0);
  try {
    server_ = std::make_unique<Server>("ws+unix://" + folder_ + "/model", house_.options);
    actor_.start(*server_);
    server_->run();
    for (int i = 0; i < 3; ++i) step();  // what is on its way to the clients
    house_.require(server_->connection_count() == 0, "connections are counted when all have gone");
    house_.require(server_->memory_bytes() == 0, "memory is held when all have gone");
    for (const auto& near : actor_.connections()) near->check_at_end();
    server_.reset();
    for (const auto& near : actor_.connections()) near->check_at_end();
  } catch (const std::exception& exception) {
    house_.verdict.fail(std::string("an exception came out: ") + exception.what());
  }
  return house_.verdict.failure();
}

std::size_t Play::opened() const {
  const auto& all = actor_.connections();
  return static_cast<std::size_t>(std::ranges::count_if(all, [](const auto& near) { return near->was_open(); }));
}

bool Play::step() {
  for (const auto& near : actor_.connections()) near->check_between_turns();
  bool any = false;
  for (const auto& client : clients_) any = client->step() || any;
  return any;
}

/// Nothing happens any more by itself.
bool Play::advance() {
  if (!house_.verdict.failure().empty()) {
    if (std::exchange(endings_, 9U) == 9) return false;
    server_->stop();
    return true;
  }
  for (const auto& near : actor_.connections()) near->check_at_rest();
  if (House::now_ms() < wait_until_ms_) return false;
  if (actions_left_ != 0) {
    --actions_left_;
    act();
    return true;
  }
  const bool ended = endings_ >= 4;
  end();
  return !ended;
}

void Play::act() {
  if (clients_.size() < most_clients_ && (clients_.empty() || random_.one_in(3))) return let_in_another();
  if (random_.one_in(8)) {
    const std::size_t wait = random_.one_in(3) ? random_.below(6'000) : random_.below(300);
    wait_until_ms_ = House::now_ms() + static_cast<std::int64_t>(wait);
  } else if (random_.one_in(6)) {
    server_->post([this] { actor_.act_outside(); });
  } else if (random_.one_in(20)) {
    server_->post([this] { actor_.act_in_thread(); });
  } else {
    clients_[random_.below(clients_.size())]->act();
  }
}

void Play::let_in_another() {
  const auto number = static_cast<unsigned>(clients_.size());
  clients_.push_back(std::make_unique<FarEnd>(house_, random_, number));
  actor_.connections().push_back(std::make_unique<NearEnd>(house_, *clients_.back()));
  clients_.back()->connect({fault::Address::Family::unix_socket, folder_ + "/model"});
}

/// All read and say what they have kept back, so that everything comes to rest; then the clients leave, or not; then
/// the server ends.
void Play::end() {
  switch (endings_++) {
    case 0:
      for (const auto& client : clients_) client->behave();
      server_->post([this] { actor_.resume_all(); });
      break;
    case 1:
      for (const auto& client : clients_) {
        if (random_.one_in(2)) random_.one_in(3) ? client->drop() : client->take_leave();
      }
      break;
    case 2:
      if (random_.one_in(2)) wait_until_ms_ = House::now_ms() + static_cast<std::int64_t>(random_.below(9'000));
      break;
    case 3:
      server_->post([this] { random_.one_in(2) ? actor_.stop() : actor_.drain(); });
      break;
    default:
      break;
  }
}

std::int64_t Play::next_deadline_ms() const { return wait_until_ms_ > House::now_ms() ? wait_until_ms_ : kNever; }

void Play::stuck() {
  if (std::exchange(endings_, 9U) == 9) {
    std::fprintf(stderr, "the loop cannot be ended: %s\n", house_.verdict.failure().c_str());
    std::abort();
  }
  house_.verdict.fail("the loop waits for ever");
  server_->stop();
}

void Play::spins() {
  house_.verdict.fail("the loop spins");
  server_->stop();
}

}  // namespace mote::model
