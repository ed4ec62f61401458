#include "tests/fault/run.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "core/random.h"
#include "tests/fault/injector.h"
#include "tests/fault/log_book.h"
#include "tests/fault/wraps.h"

namespace mote::fault {
namespace {

constexpr std::int64_t kLongestActMs = 200'000;  // all timeouts of mote's, one after another
constexpr std::chrono::milliseconds kTick{50};
constexpr int kTcpTimeMs = 1;  // loopback's packets may be a little late

/// Random bytes are had 256 at a time: the next one to be asked for will be had from the system.
void use_up_random_bytes() {
  std::byte one{};
  const unsigned before = random_refills();
  while (random_refills() == before) core::fill_random({&one, 1});
  std::array<std::byte, 255> rest{};
  core::fill_random(rest);
}

}  // namespace

Run::Run(const Scenario& scenario, const std::optional<Plan>& plan, std::string folder, int patience_ms)
    : scenario_(scenario), plan_(plan), stage_(std::move(folder)), ledger_(false), commands_(ledger_) {
  scenario_.set(stage_);
  stage_.open_doors();
  ledger_ = Ledger(stage_.kind == Stage::Kind::server);
  const bool over_tcp = stage_.family != Address::Family::unix_socket;
  patience_ms_ = over_tcp ? std::max(patience_ms, kTcpTimeMs) : 0;
  use_up_random_bytes();
}

Outcome Run::play() {
  world_ = std::make_unique<World>(static_cast<Director&>(*this), patience_ms_);
  injector().begin(plan_);
  try {
    perform();
  } catch (const std::exception& exception) {
    injector().disarm();
    fail(std::string("an exception came out: ") + exception.what());
  }
  injector().disarm();
  if (stage_.after_run) stage_.after_run();
  check_end();
  log_book().clear();
  for (std::size_t i = 0; i < kCalls; ++i) outcome_.uses[i] = injector().uses(static_cast<Call>(i));
  outcome_.hits = injector().hits();
  server_.reset();
  client_.reset();
  world_.reset();
  return std::move(outcome_);
}

void Run::fail(const std::string& why) {
  if (outcome_.failure.empty()) outcome_.failure = why;
}

void Run::judge(const Peer& peer) {
  if (peer.state() == Peer::State::wrong) fail(peer.report());
  if (peer.state() == Peer::State::cut && injector().hits() == 0 && !stage_.cuts_expected())
    fail("without any fault: " + peer.report());
}

// ---- The loop under test

void Run::perform() {
  if (stage_.from_the_start) injector().arm();
  try {
    make();
  } catch (const std::bad_alloc&) {
    make_anew();
  } catch (const std::system_error&) {
    make_anew();
  } catch (const std::invalid_argument&) {
    make_anew();  // where OpenSSL has no better word for it
  }
  injector().disarm();
  if (stage_.from_the_start && plan_ && plan_->call == Call::openssl) replace_lame_one();
  turn();
  if (act_ != Act::faults) return;
  // The script has ended the loop. Another in its place serves as if nothing had been.
  for (const auto& peer : stage_.peers()) judge(*peer);
  if (stage_.after_run) stage_.after_run();
  say_goodbye();
  injector().disarm();
  if (stage_.kind == Stage::Kind::client) return;
  make();
  begin_act(Act::after);
  turn();
}

void Run::make() {
  if (stage_.kind == Stage::Kind::client) {
    client_ = std::make_unique<Client>();
    if (stage_.ticks) client_->every(kTick, [this] { commands_.tick(); });
    if (stage_.from_the_start) injector().disarm();
    connect(stage_.bystanders_connecting());
    return;
  }
  if (server_ == nullptr) {
    server_ = std::make_unique<Server>(stage_.location(), stage_.options);
    commands_.attach(server_.get());
    if (stage_.setup) stage_.setup(*server_);
    if (stage_.ticks) server_->every(kTick, [this] { commands_.tick(); });
  }
  server_->start(commands_.handlers());
  stage_.started(*server_);
}

/// Start-up has failed. It may be tried again, and then it succeeds.
void Run::make_anew() {
  if (injector().hits() == 0) throw;
  injector().disarm();
  const bool left = ::access(stage_.address().file.c_str(), F_OK) == 0;
  if (left && !stage_.stale_file) fail("start has failed and leaves its socket file behind");
  client_.reset();
  make();
}

/// OpenSSL takes an algorithm that it has no memory to look at for one that is not there, and then goes on without a
/// word: what has started may not be able to do TLS.
void Run::replace_lame_one() {
  server_.reset();
  client_.reset();
  make();
}

void Run::turn() {
  if (act_ == Act::opening) begin_act(Act::opening);
  if (client_ != nullptr) {
    client_->run();
  } else {
    server_->run();
  }
}

/// Still under arms.
void Run::say_goodbye() {
  server_.reset();
  client_.reset();
}

void Run::stop_loop() { client_ != nullptr ? client_->stop() : server_->stop(); }

void Run::connect(const Stage::Connecting& to) {
  client_->connect(to.url, to.options, commands_.handlers());
  ++connections_;
}

/// By the client's own hand: it may fail.
void Run::connect_all() {
  client_->post([this] {
    for (const auto& to : stage_.connecting()) {
      try {
        connect(to);
      } catch (const std::exception& exception) {
        const Suspended suspended;
        for (const auto& peer : stage_.peers()) peer->call_off(exception.what());
      }
    }
  });
}

// ---- The play

bool Run::step() {
  bool any = false;
  for (const auto& peer : stage_.peers()) any = peer->step() || any;
  if (bystander_ != nullptr) any = bystander_->step() || any;
  if (newcomer_ != nullptr) any = newcomer_->step() || any;
  return any;
}

std::int64_t Run::next_deadline_ms() const {
  std::int64_t next = kNever;
  for (const auto& peer : stage_.peers()) next = std::min(next, peer->deadline_ms().value_or(kNever));
  if (bystander_ != nullptr) next = std::min(next, bystander_->deadline_ms().value_or(kNever));
  if (act_ != Act::ending) next = std::min(next, act_began_ms_ + kLongestActMs);
  return next;
}

void Run::begin_act(Act act) {
  act_ = act;
  act_began_ms_ = world_->milliseconds();
  switch (act) {
    case Act::opening:
      bystander_ = stage_.bystander("the bystander");
      break;
    case Act::faults:
      begin_faults();
      break;
    case Act::after:
      end_faults();
      break;
    case Act::ending:
      judge_the_others();
      stop_loop();
  }
}

void Run::begin_faults() {
  for (const auto& peer : stage_.peers()) peer->begin();
  if (stage_.when_armed) stage_.when_armed();
  if (client_ != nullptr && !stage_.connecting().empty()) connect_all();
  if (!stage_.from_the_start) injector().arm();
}

void Run::end_faults() {
  injector().disarm();
  for (const auto& peer : stage_.peers()) judge(*peer);
  if (bystander_ != nullptr && !stage_.to_the_end) bystander_->echo("is still anybody there?");
  if (client_ != nullptr) {
    client_->post([this] { connect(stage_.bystanders_connecting()); });
  }
  newcomer_ = stage_.bystander("the newcomer");
}

/// Nothing excuses what has become of those.
void Run::judge_the_others() {
  for (const Peer* const peer : {bystander_.get(), newcomer_.get()}) {
    if (peer == nullptr || (peer == bystander_.get() && stage_.to_the_end)) continue;
    if (peer->over() && !(peer == bystander_.get() && bystander_was_hit())) fail(peer->report());
  }
}

/// Where it was kept awake over TLS meanwhile, that took memory, too.
bool Run::bystander_was_hit() const {
  return stage_.secure && bystander_->was_awake() && plan_ && plan_->call >= Call::operator_new;
}

bool Run::all_done() const {
  if (act_ == Act::faults) return std::ranges::all_of(stage_.peers(), [](const auto& peer) { return peer->idle(); });
  const bool bystander_done = stage_.to_the_end || bystander_->idle();
  return bystander_done && (newcomer_ == nullptr || newcomer_->idle());
}

bool Run::advance() {
  if (act_ == Act::ending) return false;
  if (act_ == Act::faults && client_has_given_up()) {
    for (const auto& peer : stage_.peers()) {
      if (!peer->idle() && !peer->deadline_ms()) peer->call_off("the client has given up");
    }
  }
  if (world_->milliseconds() - act_began_ms_ >= kLongestActMs) call_off_late_ones();
  if (!all_done()) return false;
  begin_act(static_cast<Act>(static_cast<int>(act_) + 1));
  return true;
}

/// Its connections have ended, some perhaps before they met anybody. That of the bystander has not.
bool Run::client_has_given_up() const {
  if (client_ == nullptr || stage_.connecting().empty()) return false;
  const bool for_ever = stage_.connecting().front().options.reconnect.attempts != 0;
  return !for_ever && connections_ > stage_.connecting().size() && ledger_.closes() + 1 >= connections_;
}

/// By now every timeout has passed.
void Run::call_off_late_ones() {
  for (const auto& peer : stage_.peers()) {
    if (!peer->idle()) peer->accuse("nothing happens any more");
  }
  for (Peer* const peer : {bystander_.get(), newcomer_.get()}) {
    if (peer != nullptr && !peer->idle()) peer->accuse("is not served");
  }
}

// ---- What should not be

void Run::stuck() {
  if (++troubles_ > 3) {
    std::fprintf(stderr, "the loop cannot be ended\n");
    std::abort();
  }
  fail(act_ == Act::ending ? "the loop goes on after it was stopped" : "the loop waits for ever");
  injector().disarm();
  stop_loop();
}

void Run::spins() {
  if (++troubles_ > 3) {
    std::fprintf(stderr, "the loop spins for ever\n");
    std::abort();
  }
  fail("the loop spins");
  injector().disarm();
  act_ = Act::ending;
  stop_loop();
}

void Run::check_end() {
  if (act_ != Act::ending && !(act_ == Act::faults && stage_.kind == Stage::Kind::client && stage_.to_the_end)) {
    fail("the loop ended by itself");
  }
  for (const auto& peer : stage_.peers()) judge(*peer);
  if (*ledger_.fault() != '\0') fail(ledger_.fault());
  if (ledger_.open() != 0) fail("a connection was opened and never closed");
  const std::string wrong = stage_.judge ? stage_.judge(injector().hits()) : std::string();
  if (!wrong.empty()) fail(wrong);
}

}  // namespace mote::fault
