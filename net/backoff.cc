#include "net/backoff.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "core/random.h"

namespace mote::net {
namespace {

/// From 0 up to but not including 1: as many random bits as a double holds.
double random_fraction() {
  std::array<std::byte, sizeof(std::uint64_t)> bytes{};
  core::fill_random(bytes);
  std::uint64_t bits = 0;
  std::memcpy(&bits, bytes.data(), sizeof bits);
  return std::ldexp(static_cast<double>(bits >> 11), -53);
}

}  // namespace

std::optional<Backoff::milliseconds> Backoff::next() {
  const bool forever = reconnect_.attempts == Reconnect::kForever;
  if (!forever && failures_ >= reconnect_.attempts) return std::nullopt;
  if (failures_ != Reconnect::kForever) ++failures_;
  return delay(reconnect_, failures_, random_fraction());
}

Backoff::milliseconds Backoff::delay(const Reconnect& reconnect, std::uint32_t failures, double random) {
  const auto first = static_cast<double>(reconnect.first_delay.count());
  const auto longest = static_cast<double>(reconnect.longest_delay.count());
  // The power may be infinite, which the longest delay bounds as well; but not 0 times it.
  const double grown = first > 0 ? first * std::pow(reconnect.factor, failures - 1) : 0;
  const double shortened = std::min(grown, longest) * (1 - reconnect.jitter * random);
  // Not rounded up beyond what was set: a double has fewer digits than the longest of delays.
  constexpr milliseconds::rep most = milliseconds::max().count() / 2;
  return std::min(milliseconds(static_cast<milliseconds::rep>(std::min(shortened, static_cast<double>(most)))),
                  reconnect.longest_delay);
}

}  // namespace mote::net
