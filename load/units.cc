#include "load/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>

namespace mote::load {
namespace {

struct Unit {
  double size;
  std::string_view name;
};

/// Three significant digits; more before the point.
std::string three_digits(double value) {
  // 9.999 is 10.0 and not 10.00.
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fixed(value, decimals);
}

constexpr std::array<Unit, 4> kDurations = {Unit{1, "ns"}, {1e3, "µs"}, {1e6, "ms"}, {1e9, "s"}};

/// 999.9 of a unit is 1.00 of the next.
std::size_t unit_for(double value, std::span<const Unit> units) {
  std::size_t at = 0;
  while (at + 1 < units.size() && value >= units[at + 1].size * 0.9995) ++at;
  return at;
}

std::string with_unit(double value, std::span<const Unit> units) {
  const std::size_t at = unit_for(value, units);
  const double scaled = value / units[at].size;
  const std::string number = at == 0 && scaled == std::floor(scaled) ? fixed(scaled, 0) : three_digits(scaled);
  return std::string(number).append(" ").append(units[at].name);
}

}  // namespace

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t end = text.size(); end > 3;) text.insert(end -= 3, 1, ',');
  return text;
}

std::string duration_text(double ns) { return with_unit(ns, kDurations); }

std::string round_duration(double ns) {
  const Unit& unit = kDurations[unit_for(ns, kDurations)];
  return plain(ns / unit.size).append(" ").append(unit.name);
}

std::string grouped_round(double number) { return grouped(static_cast<std::uint64_t>(std::llround(number))); }

std::string rate_text(double per_second) {
  if (per_second >= 99.95) return grouped_round(per_second);
  return per_second == 0 ? "0" : three_digits(per_second);
}

std::string bytes_text(double bytes) {
  constexpr std::array<Unit, 4> units = {
      Unit{1, "B"}, {1024, "KiB"}, {1024.0 * 1024, "MiB"}, {1024.0 * 1024 * 1024, "GiB"}};
  if (bytes < 0) return std::string("-").append(bytes_text(-bytes));
  return with_unit(bytes, units);
}

std::string fixed(double value, int decimals) {
  std::array<char, 64> text;
  const auto [end, error] =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, decimals);
  return error == std::errc{} ? std::string(text.data(), end) : std::string("-");
}

std::string plain(double value) {
  std::array<char, 64> text;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, 6);
  return error == std::errc{} ? std::string(text.data(), end) : std::string("-");
}

}  // namespace mote::load
