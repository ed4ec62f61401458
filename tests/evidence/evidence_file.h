#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/deflate_parameters.h"

namespace mote::evidence {

/// What docs/evidence.md describes.
struct EvidenceFile {
  std::string peer;
  std::string verdict;
  std::string begins;  ///< `head`, `message` or `inside`
  std::optional<proto::CompressorLimits> deflate;
  std::size_t max_request_head_bytes = 0;
  std::size_t max_header_lines = 0;
  std::size_t max_target_bytes = 0;
  std::uint64_t max_message_bytes = 0;
  std::uint32_t max_fragments = 0;
  std::vector<std::string> reads;
};

/// Throws std::runtime_error, with the reason, for what is no such file, or not a whole one.
EvidenceFile parse_evidence(std::string_view text);

/// What the parsers say of those reads today: in the form of `verdict`, empty where they find nothing wrong. Throws
/// std::runtime_error where it begins inside of something.
std::string replay(const EvidenceFile& file);

}  // namespace mote::evidence
