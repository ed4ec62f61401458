#include "tests/model/play.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <numeric>
#include <utility>

#include "tests/fault/credentials.h"
#include "tests/model/options.h"

namespace mote::model {
namespace {

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

}  // namespace

Play::Play(std::uint64_t seed, std::string folder, int patience_ms, bool traces)
    : random_(seed),
      house_{.options = random_options(random_), .verdict = Verdict(traces)},
      cast_(random_.one_in(6)   ? Cast::both
            : random_.one_in(2) ? Cast::client
                                : Cast::server),
      actor_(house_, random_, lines_),
      folder_(std::move(folder)),
      patience_ms_(patience_ms),
      actions_left_(random_.between(10, 80)),
      most_lines_(random_.between(1, 5)) {
  house_.secure = random_.one_in(20);
  if (cast_ != Cast::server) actor_.may_connect([this] { static_cast<void>(connect_another()); });
  if (cast_ == Cast::both) actor_.may_destroy_client([this] { destroy_client(); });
  if (!house_.secure || cast_ == Cast::client) return;
  house_.options.tls.certificate_chain_pem = fault::credentials().server.certificate_pem;
  house_.options.tls.private_key_pem = fault::credentials().server.key_pem;
}

std::string Play::perform() {
  const std::size_t descriptors = open_descriptors();
  try {
    fault::World world(static_cast<fault::Director&>(*this), patience_ms_);
    if (cast_ != Cast::client) {
      server_ = std::make_unique<Server>(house_.secure ? "wss://127.0.0.1:0" : "ws+unix://" + folder_ + "/model",
                                         house_.options);
      actor_.start(*server_);
      address_ = {.family = house_.secure ? fault::Address::Family::ipv4 : fault::Address::Family::unix_socket,
                  .file = folder_ + "/model",
                  .port = server_->port()};
    }
    if (cast_ != Cast::server) client_ = server_ ? std::make_unique<Client>(*server_) : std::make_unique<Client>();
    cast_ == Cast::client ? run_client() : run_server();
    for (int i = 0; i < 3; ++i) step();  // what is on its way to the far ends
    check_end();
  } catch (const std::exception& exception) {
    house_.verdict.fail(std::string("an exception came out: ") + exception.what());
  }
  for (const auto& line : lines_) {
    attempts_ += line->attempts();
    opened_ += line->opened();
  }
  outgoing_.clear();
  lines_.clear();  // a handle keeps a descriptor
  house_.require(open_descriptors() == descriptors, "descriptors are left");
  return house_.verdict.failure();
}

void Play::run_server() {
  server_->run();
  house_.require(server_->connection_count() == 0, "connections are counted when all have gone");
  house_.require(server_->memory_bytes() == 0, "memory is held when all have gone");
}

/// It runs until it has nothing to do, and then again.
void Play::run_client() {
  while (actions_left_ != 0 && endings_ == 0 && house_.verdict.failure().empty()) {
    house_.stopped = false;
    if (!connect_another()) return;
    client_->run();
    house_.require(client_->connection_count() == 0, "connections are counted when all have gone");
    house_.require(house_.stopped || std::ranges::all_of(outgoing_, [](const auto* line) { return line->is_over(); }),
                   "`run` has returned although a connection is there, or to come");
    if (!house_.stopped) continue;
    for (OutgoingLine* const line : outgoing_) line->stopped();
  }
}

void Play::check_end() {
  for (const auto& line : lines_) line->check_at_end();
  client_.reset();
  server_.reset();
  for (const auto& line : lines_) line->check_at_end();
}

bool Play::step() {
  for (const auto& line : lines_) line->check_between_turns();
  bool any = false;
  for (const auto& line : lines_) any = line->step() || any;
  return any;
}

/// Nothing happens any more by itself.
bool Play::advance() {
  if (!house_.verdict.failure().empty()) {
    if (std::exchange(endings_, 9U) == 9) return false;
    stop();
    return true;
  }
  for (const auto& line : lines_) line->check_at_rest();
  if (client_) check_client();
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

void Play::check_client() {
  const auto counted = std::accumulate(outgoing_.begin(), outgoing_.end(), std::size_t{0},
                                       [](std::size_t sum, const auto* line) { return sum + line->counted(); });
  house_.require(client_->connection_count() == counted, "the client counts other connections than are open");
  const bool all_over = std::ranges::all_of(outgoing_, [](const auto* line) { return line->is_long_over(); });
  house_.require(cast_ == Cast::both || !all_over, "`run` goes on although no connection is there, or to come");
}

void Play::act() {
  if (lines_.size() < most_lines_ && (lines_.empty() || random_.one_in(3))) return let_in_another();
  if (lines_.empty()) return;
  if (random_.one_in(8)) {
    const std::size_t wait = random_.one_in(3) ? random_.below(6'000) : random_.below(300);
    wait_until_ms_ = House::now_ms() + static_cast<std::int64_t>(wait);
  } else if (random_.one_in(6)) {
    actor_.post([this] { actor_.act_outside(); });
  } else if (random_.one_in(20)) {
    actor_.post([this] { actor_.act_in_thread(); });
  } else {
    lines_[random_.below(lines_.size())]->far().act();
  }
}

void Play::let_in_another() {
  if (cast_ == Cast::client || (cast_ == Cast::both && random_.one_in(2))) {
    return actor_.post([this] { static_cast<void>(connect_another()); });
  }
  const auto number = static_cast<unsigned>(lines_.size());
  lines_.push_back(std::make_unique<IncomingLine>(house_, random_, number, address_));
}

/// What begins when all is about to end may be over before it has begun.
bool Play::connect_another() {
  const bool ends = endings_ != 0 || house_.stopped || house_.drained_ms;
  if (client_ == nullptr || ends || lines_.size() >= 2 * most_lines_) return false;
  auto line = std::make_unique<OutgoingLine>(house_, random_, static_cast<unsigned>(lines_.size()), folder_);
  outgoing_.push_back(line.get());
  lines_.push_back(std::move(line));
  house_.note("connect " + std::to_string(lines_.size() - 1));
  actor_.connect(*client_, *outgoing_.back());
  return true;
}

void Play::destroy_client() {
  if (client_ == nullptr) return;
  house_.note("the client's end");
  for (OutgoingLine* const line : outgoing_) line->vanish();
  const bool inside = std::exchange(house_.inside_call, true);
  client_.reset();
  house_.inside_call = inside;
}

void Play::stop() { server_ ? server_->stop() : client_->stop(); }

/// All read and say what they have kept back, so that everything comes to rest; then the far ends leave, or not; then
/// the server or client ends.
void Play::end() {
  switch (endings_++) {
    case 0:
      for (const auto& line : lines_) line->far().behave();
      actor_.post([this] { actor_.resume_all(); });
      break;
    case 1:
      for (const auto& line : lines_) {
        if (random_.one_in(2)) random_.one_in(3) ? line->far().drop() : line->far().take_leave();
      }
      break;
    case 2:
      if (random_.one_in(2)) wait_until_ms_ = House::now_ms() + static_cast<std::int64_t>(random_.below(9'000));
      break;
    case 3:
      actor_.post([this] { random_.one_in(2) ? actor_.stop() : actor_.drain(); });
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
  stop();
}

void Play::spins() {
  house_.verdict.fail("the loop spins");
  stop();
}

}  // namespace mote::model
