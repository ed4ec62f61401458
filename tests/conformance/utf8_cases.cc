#include <array>
#include <string_view>

#include "tests/conformance/script.h"

namespace mote::conformance {
namespace {

constexpr unsigned kInvalidPayload = 1007;

enum class Verdict : std::uint8_t { valid, invalid };
constexpr Verdict kValid = Verdict::valid;
constexpr Verdict kInvalid = Verdict::invalid;

/// "κόσμε", a surrogate in UTF-8's manner, and "edited".
constexpr std::string_view kGreek = "cebae1bdb9cf83cebcceb5";
constexpr std::string_view kSurrogate = "eda080";
constexpr std::string_view kEdited = "656469746564";

struct Row {
  Verdict verdict;
  std::string_view hex;
};

/// Texts in one frame each; row n of section 6.x is case 6.x.n.
struct Section {
  std::string_view id;
  std::string_view about;
  std::vector<Row> rows;
};

std::vector<Section> sections() {
  return {
      {"6.5",
       "characters of one to four octets",
       {{kValid, "68656c6c6f24776f726c64"},
        {kValid, "68656c6c6fc2a2776f726c64"},
        {kValid, "68656c6c6fe282ac776f726c64"},
        {kValid, "68656c6c6ff0a4ada2776f726c64"},
        {kValid, "cebae1bdb9cf83cebcceb5"}}},
      {"6.6",
       "a Greek word, cut after each octet",
       {{kInvalid, "ce"},
        {kValid, "ceba"},
        {kInvalid, "cebae1"},
        {kInvalid, "cebae1bd"},
        {kValid, "cebae1bdb9"},
        {kInvalid, "cebae1bdb9cf"},
        {kValid, "cebae1bdb9cf83"},
        {kInvalid, "cebae1bdb9cf83ce"},
        {kValid, "cebae1bdb9cf83cebc"},
        {kInvalid, "cebae1bdb9cf83cebcce"},
        {kValid, "cebae1bdb9cf83cebcceb5"}}},
      {"6.7",
       "the first character of each length",
       {{kValid, "00"}, {kValid, "c280"}, {kValid, "e0a080"}, {kValid, "f0908080"}}},
      {"6.8",
       "sequences of five and six octets, the first ones",
       {{kInvalid, "f888808080"}, {kInvalid, "fc8480808080"}}},
      {"6.9",
       "the last character of each length",
       {{kValid, "7f"}, {kValid, "dfbf"}, {kValid, "efbfbf"}, {kValid, "f48fbfbf"}}},
      {"6.10",
       "sequences of four to six octets, the last ones",
       {{kInvalid, "f7bfbfbf"}, {kInvalid, "fbbfbfbfbf"}, {kInvalid, "fdbfbfbfbfbf"}}},
      {"6.11",
       "next to surrogates and to the end of Unicode",
       {{kValid, "ed9fbf"}, {kValid, "ee8080"}, {kValid, "efbfbd"}, {kValid, "f48fbfbf"}, {kInvalid, "f4908080"}}},
      {"6.12",
       "continuation octets that nothing begins",
       {{kInvalid, "80"},
        {kInvalid, "bf"},
        {kInvalid, "80bf"},
        {kInvalid, "80bf80"},
        {kInvalid, "80bf80bf"},
        {kInvalid, "80bf80bf80"},
        {kInvalid, "80bf80bf80bf"},
        {kInvalid,
         "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7"
         "a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbe"}}},
      {"6.13",
       "first octets that nothing continues",
       {{kInvalid,
         "c020c120c220c320c420c520c620c720c820c920ca20cb20cc20cd20ce20cf20d020d120d220d320"
         "d420d520d620d720d820d920da20db20dc20dd20de20"},
        {kInvalid, "e020e120e220e320e420e520e620e720e820e920ea20eb20ec20ed20ee20"},
        {kInvalid, "f020f120f220f320f420f520f620"},
        {kInvalid, "f820f920fa20"},
        {kInvalid, "fc20"}}},
      {"6.14",
       "the last octet is missing",
       {{kInvalid, "c0"},
        {kInvalid, "e080"},
        {kInvalid, "f08080"},
        {kInvalid, "f8808080"},
        {kInvalid, "fc80808080"},
        {kInvalid, "df"},
        {kInvalid, "efbf"},
        {kInvalid, "f7bfbf"},
        {kInvalid, "fbbfbfbf"},
        {kInvalid, "fdbfbfbfbf"}}},
      {"6.15",
       "sequences without their last octets, joined",
       {{kInvalid, "c0e080f08080f8808080fc80808080dfefbff7bfbffbbfbfbffdbfbfbfbf"}}},
      {"6.16", "octets that never occur", {{kInvalid, "fe"}, {kInvalid, "ff"}, {kInvalid, "fefeffff"}}},
      {"6.17",
       "a slash, overlong",
       {{kInvalid, "c0af"},
        {kInvalid, "e080af"},
        {kInvalid, "f08080af"},
        {kInvalid, "f8808080af"},
        {kInvalid, "fc80808080af"}}},
      {"6.18",
       "the longest overlong ones",
       {{kInvalid, "c1bf"},
        {kInvalid, "e09fbf"},
        {kInvalid, "f08fbfbf"},
        {kInvalid, "f887bfbfbf"},
        {kInvalid, "fc83bfbfbfbf"}}},
      {"6.19",
       "U+0000, overlong",
       {{kInvalid, "c080"},
        {kInvalid, "e08080"},
        {kInvalid, "f0808080"},
        {kInvalid, "f880808080"},
        {kInvalid, "fc8080808080"}}},
      {"6.20",
       "one surrogate",
       {{kInvalid, "eda080"},
        {kInvalid, "edadbf"},
        {kInvalid, "edae80"},
        {kInvalid, "edafbf"},
        {kInvalid, "edb080"},
        {kInvalid, "edbe80"},
        {kInvalid, "edbfbf"}}},
      {"6.21",
       "a pair of surrogates",
       {{kInvalid, "eda080edb080"},
        {kInvalid, "eda080edbfbf"},
        {kInvalid, "edadbfedb080"},
        {kInvalid, "edadbfedbfbf"},
        {kInvalid, "edae80edb080"},
        {kInvalid, "edae80edbfbf"},
        {kInvalid, "edafbfedb080"},
        {kInvalid, "edafbfedbfbf"}}},
      {"6.22",
       "noncharacters, the last two of each plane",
       {{kValid, "efbfbe"},   {kValid, "efbfbf"},   {kValid, "f09fbfbe"}, {kValid, "f09fbfbf"}, {kValid, "f0afbfbe"},
        {kValid, "f0afbfbf"}, {kValid, "f0bfbfbe"}, {kValid, "f0bfbfbf"}, {kValid, "f18fbfbe"}, {kValid, "f18fbfbf"},
        {kValid, "f19fbfbe"}, {kValid, "f19fbfbf"}, {kValid, "f1afbfbe"}, {kValid, "f1afbfbf"}, {kValid, "f1bfbfbe"},
        {kValid, "f1bfbfbf"}, {kValid, "f28fbfbe"}, {kValid, "f28fbfbf"}, {kValid, "f29fbfbe"}, {kValid, "f29fbfbf"},
        {kValid, "f2afbfbe"}, {kValid, "f2afbfbf"}, {kValid, "f2bfbfbe"}, {kValid, "f2bfbfbf"}, {kValid, "f38fbfbe"},
        {kValid, "f38fbfbf"}, {kValid, "f39fbfbe"}, {kValid, "f39fbfbf"}, {kValid, "f3afbfbe"}, {kValid, "f3afbfbf"},
        {kValid, "f3bfbfbe"}, {kValid, "f3bfbfbf"}, {kValid, "f48fbfbe"}, {kValid, "f48fbfbf"}}},
      {"6.23",
       "next to the replacement character",
       {{kValid, "efbfb9"},
        {kValid, "efbfba"},
        {kValid, "efbfbb"},
        {kValid, "efbfbc"},
        {kValid, "efbfbd"},
        {kValid, "efbfbe"},
        {kValid, "efbfbf"}}},
  };
}

std::string bytes_of(std::string_view hex) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(digits.find(hex[i]) << 4 | digits.find(hex[i + 1]));
  }
  return bytes;
}

/// One text, each octet in a fragment of its own.
std::vector<Frame> octet_fragments(const std::string& payload) {
  std::vector<Frame> frames;
  for (const char c : payload) frames.push_back(more(std::string(1, c)));
  frames.front().opcode = kText;
  frames.back().fin = true;
  return frames;
}

/// Nothing happens after the first part; the second makes the text invalid, and is answered before there is a third.
Script fails_at_second_fragment(std::string first, std::string second) {
  return [first = std::move(first), second = std::move(second)](Peer& peer, const Scale& scale) {
    peer.send({first_of_text(first)});
    peer.expect_silence(scale.pause());
    peer.send({more(second)});
    peer.expect_close(kInvalidPayload);
  };
}

/// The same inside one frame.
Script fails_inside_the_frame(const std::string& first, const std::string& second, const std::string& rest) {
  return
      [payload = first + second + rest, first = first.size(), second = second.size()](Peer& peer, const Scale& scale) {
        const std::string octets = peer.encode(text(payload));
        const std::size_t begin = octets.size() - payload.size();
        peer.write(octets.substr(0, begin + first));
        peer.expect_silence(scale.pause());
        peer.write(octets.substr(begin + first, second));
        peer.expect_close(kInvalidPayload);
      };
}

std::vector<Case> fragmented_texts() {
  const std::string message = "Hello-\u00B5@\u00DF\u00F6\u00E4\u00FC\u00E0\u00E1-UTF-8!!";
  const std::string greek = bytes_of(kGreek);
  const std::string edited = bytes_of(kEdited);
  const std::string invalid = greek + bytes_of(kSurrogate) + edited;
  constexpr std::size_t character_end = 15;
  return {
      {"6.1.1", "empty text", echoes(text())},
      {"6.1.2", "text of three empty fragments", answers({first_of_text(""), more(""), last("")}, {text()})},
      {"6.1.3", "text between two empty fragments",
       answers({first_of_text(""), more("middle frame payload"), last("")}, {text("middle frame payload")})},
      {"6.2.1", "UTF-8 in one frame", echoes(text(message))},
      {"6.2.2", "UTF-8 in two fragments, cut between characters",
       answers({first_of_text(message.substr(0, character_end)), last(message.substr(character_end))},
               {text(message)})},
      {"6.2.3", "UTF-8 in fragments of one octet", answers(octet_fragments(message), {text(message)})},
      {"6.2.4", "Greek in fragments of one octet", answers(octet_fragments(greek), {text(greek)})},
      {"6.3.1", "a surrogate, in one frame: Close 1007", is_closed(kInvalidPayload, {text(invalid)})},
      {"6.3.2", "a surrogate, in fragments of one octet: Close 1007",
       is_closed(kInvalidPayload, octet_fragments(invalid))},
      {"6.4.1", "above U+10FFFF in the second fragment: Close 1007 before the third",
       fails_at_second_fragment(greek, "\xF4\x90\x80\x80")},
      {"6.4.2", "above U+10FFFF at the octet of the second fragment: Close 1007 before the third",
       fails_at_second_fragment(greek + '\xF4', "\x90")},
      {"6.4.3", "above U+10FFFF in the second part of a frame: Close 1007 before the third",
       fails_inside_the_frame(greek, "\xF4\x90\x80\x80", edited)},
      {"6.4.4", "above U+10FFFF at the octet of a frame's second part: Close 1007 before the third",
       fails_inside_the_frame(greek + '\xF4', "\x90", "\x80\x80" + edited)},
  };
}

Case whole_text(const Section& section, std::size_t index) {
  const Row& row = section.rows[index];
  const bool valid = row.verdict == Verdict::valid;
  const Frame frame = text(bytes_of(row.hex));
  std::string what(section.about);
  what.append(": 0x").append(row.hex.substr(0, 40)).append(row.hex.size() > 40 ? "..." : "");
  what.append(valid ? ", valid" : ": Close 1007");
  return {std::string(section.id) + '.' + std::to_string(index + 1), what,
          valid ? echoes(frame) : is_closed(kInvalidPayload, {frame})};
}

}  // namespace

std::vector<Case> utf8_cases() {
  std::vector<Case> cases = fragmented_texts();
  for (const Section& section : sections()) {
    for (std::size_t i = 0; i < section.rows.size(); ++i) cases.push_back(whole_text(section, i));
  }
  return cases;
}

}  // namespace mote::conformance
