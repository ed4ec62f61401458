#pragma once

#include <cstdint>
#include <string>

namespace mote::load {

/// `1,234,567`
std::string grouped(std::uint64_t number);
/// Three digits and a unit that fits: `1.23 ms`; `ns` in nanoseconds.
std::string duration_text(double ns);
/// Of a round number, 1, 2 or 5 times a power of ten: `200 µs`.
std::string round_duration(double ns);
/// As grouped(), of the nearest whole number.
std::string grouped_round(double number);
/// As grouped() from 100 on, below with decimals: `12.3`.
std::string rate_text(double per_second);
/// `1.23 MiB`
std::string bytes_text(double bytes);
/// With so many decimals, without a locale.
std::string fixed(double value, int decimals);
/// The shortest text that has up to six digits of `value`: `0.5`, `10`.
std::string plain(double value);

}  // namespace mote::load
