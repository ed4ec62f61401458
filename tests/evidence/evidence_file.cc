#include "tests/evidence/evidence_file.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace mote::evidence {
namespace {

constexpr std::string_view kFirstLine = "mote evidence 1\n";
constexpr std::string_view kLastLine = "end\n";

/// Walks through the text.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  /// Whether that is all that is left.
  [[nodiscard]] bool at(std::string_view text) const { return rest_ == text; }

  void expect(std::string_view text) {
    if (!rest_.starts_with(text)) throw std::runtime_error("expected \"" + std::string(text) + '"');
    rest_.remove_prefix(text.size());
  }

  /// The value of a line of that name, which has to come next.
  std::string_view value(std::string_view name) {
    expect(name);
    expect(": ");
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos) throw std::runtime_error("a line without an end");
    const std::string_view found = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return found;
  }

  template <class Number>
  Number number(std::string_view name) {
    const std::string_view digits = value(name);
    Number result = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), result);
    if (error != std::errc() || end != digits.data() + digits.size()) {
      throw std::runtime_error(std::string(name) + " is no number: " + std::string(digits));
    }
    return result;
  }

  std::string bytes(std::size_t size) {
    if (size > rest_.size()) throw std::runtime_error("the last read is cut off");
    std::string found(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return found;
  }

 private:
  std::string_view rest_;
};

std::optional<proto::CompressorLimits> parse_deflate(std::string_view text) {
  if (text == "off") return std::nullopt;
  proto::CompressorLimits limits;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limits.window_bits);
  const std::string_view takeover(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error != std::errc() || (takeover != " takeover" && takeover != " no_takeover")) {
    throw std::runtime_error("deflate: " + std::string(text));
  }
  limits.takeover = takeover == " takeover";
  return limits;
}

}  // namespace

EvidenceFile parse_evidence(std::string_view text) {
  Reader reader(text);
  reader.expect(kFirstLine);
  EvidenceFile file;
  file.peer = reader.value("peer");
  file.verdict = reader.value("verdict");
  file.begins = reader.value("begins");
  file.deflate = parse_deflate(reader.value("deflate"));
  file.max_request_head_bytes = reader.number<std::size_t>("max_request_head_bytes");
  file.max_header_lines = reader.number<std::size_t>("max_header_lines");
  file.max_target_bytes = reader.number<std::size_t>("max_target_bytes");
  file.max_message_bytes = reader.number<std::uint64_t>("max_message_bytes");
  file.max_fragments = reader.number<std::uint32_t>("max_fragments");
  while (!reader.at(kLastLine)) {
    file.reads.push_back(reader.bytes(reader.number<std::size_t>("read")));
    reader.expect("\n");
  }
  return file;
}

}  // namespace mote::evidence
