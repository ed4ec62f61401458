#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mote::load {

/// What the messages consist of.
enum class Fill { ascii, utf8, json, random };

/// What the command line asks for; `kUsage` explains it.
struct Options {
  std::string url;
  std::uint32_t connections = 1;
  std::size_t payload_bytes = 20;
  bool text = true;
  Fill fill = Fill::ascii;
  std::uint32_t pipeline = 1;
  std::optional<double> rate;  ///< Messages per second: an open loop.
  double ramp_s = 0;
  double warmup_s = 1;
  double duration_s = 10;
  std::optional<std::uint64_t> messages;  ///< In place of the times: end after so many.
  bool verify = false;
  bool deflate = false;
  bool insecure = false;
  std::string ca_file;
  std::uint32_t source_addresses = 0;  ///< 0: the kernel chooses.
  std::uint32_t concurrency = 128;
  double timeout_s = 10;
  std::optional<int> pid;
  std::string json_file;  ///< Empty: none; `-`: standard output.
  std::string report_file;
  bool quiet = false;
  std::uint64_t seed = 1;
  bool help = false;
};

extern const std::string_view kUsage;

/// `arguments`: without the program's name. Throws std::invalid_argument, whose text names the option and the value.
Options parse_options(std::span<const char* const> arguments);

std::string_view name_of(Fill fill);

}  // namespace mote::load
