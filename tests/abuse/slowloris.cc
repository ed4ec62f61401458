#include <string>
#include <utility>

#include "tests/abuse/clock.h"
#include "tests/abuse/crowd.h"
#include "tests/abuse/gathering.h"
#include "tests/abuse/scenario.h"
#include "tests/abuse/server_process.h"
#include "tests/abuse/waiters.h"
#include "tests/support/client_frame.h"
#include "tests/support/tls_engine.h"

// Peers that send their request, or the ClientHello before it, a byte a second, to keep the server busy with them for
// ever. The handshake timeout is absolute and ends each; others are served as ever meanwhile, and new ones too.
namespace mote::abuse {
namespace {

constexpr std::size_t kOthers = 100;
constexpr double kEchoesASecond = 500;

/// The slow ones.
class Trickle {
 public:
  /// `words`: what each begins to say.
  Trickle(const Door& door, std::size_t count, std::string words) : crowd_(door, 2, 100), words_(std::move(words)) {
    while (ids_.size() < count) {
      const Crowd::Id id = crowd_.begin_silent();
      if (id == Crowd::kNobody) break;
      if (ids_.size() % 256 == 0) crowd_.turn(0);
      ids_.push_back(id);
    }
  }

  /// A byte of each, once a second.
  void turn() {
    crowd_.turn(0);
    if (at_ < words_.size() && seconds_since(last_) >= 1) {
      last_ = Clock::now();
      for (const Crowd::Id id : ids_) crowd_.say(id, std::string_view(words_).substr(at_, 1));
      ++at_;
    }
  }
  [[nodiscard]] std::size_t present() const { return crowd_.present(); }

 private:
  Crowd crowd_;
  std::vector<Crowd::Id> ids_;
  std::string words_;
  std::size_t at_ = 0;
  Clock::time_point last_;
};

}  // namespace

void play_slowloris(const Settings& settings, Report& report) {
  const auto wanted = settings.pick<std::size_t>(5'000, 200);
  const double timeout = settings.length(10, 1);
  Options options;
  options.handshake_timeout = std::chrono::milliseconds(static_cast<int>(1000 * timeout));
  const ServerProcess server({.options = options, .tls = settings.tls});
  const ServerFacts empty = server.facts();
  Crowd others(server.door(), 1);
  gather(others, kOthers, 20);
  Waiters waiters(others);
  const double cpu = server.cpu_seconds();
  const auto began = Clock::now();
  Trickle trickle(server.door(), wanted, settings.tls ? test::client_hello() : test::upgrade_request());
  const std::size_t slow = trickle.present();
  std::size_t at_half = 0;
  std::int64_t heap = 0;
  std::size_t newcomers = 0;
  bool looked = false;
  const auto look = [&] {
    looked = true;
    at_half = trickle.present();
    heap = server.facts().heap_bytes - empty.heap_bytes;
    newcomers = gather(others, kOthers, 20) - kOthers;
  };
  double now = 0;
  for (; trickle.present() != 0 && now < timeout + 30; now = seconds_since(began)) {
    trickle.turn();
    waiters.turn(kEchoesASecond, now);
    if (!looked && now >= timeout / 2) look();
  }
  if (!looked) look();  // the machine had other things to do
  report.figure("slow ones, and still there after half the time",
                std::to_string(slow) + ", " + std::to_string(at_half));
  report.figure("server's heap for each of them", std::to_string(heap / static_cast<std::int64_t>(wanted)) + " bytes");
  report.figure("until the last one was dropped", decimal(now) + " s, timeout: " + decimal(timeout) + " s");
  report.figure("server's CPU meanwhile", decimal(100 * (server.cpu_seconds() - cpu) / now) + " %");
  report.figure("echoes of others", waiters.echoes());
  report.figure("their latencies: median, 99 %",
                decimal(waiters.percentile(0.5), 2) + ", " + decimal(waiters.percentile(0.99), 2) + " ms");
  report.must(slow == wanted && (settings.small || at_half == wanted), "all of them were there");
  report.must(trickle.present() == 0, "all of them were dropped");
  if (!settings.small) report.must(now < timeout + 1.5, "within a second or so of the timeout");
  report.must(newcomers == kOthers, "new clients came in meanwhile");
  report.must(others.open() == 2 * kOthers && others.counts().wrong == 0 && waiters.echoes() > 0,
              "the others were served");
  others.reset_all();
  ServerFacts left = server.facts();
  others.turn_until([&] { return (left = server.facts()).descriptors == empty.descriptors; }, 20);
  report.must(left.descriptors == empty.descriptors && left.memory_bytes == 0, "nothing of them is held");
}

}  // namespace mote::abuse
