#include <algorithm>
#include <array>

#include "tests/conformance/samples.h"
#include "tests/conformance/script.h"

namespace mote::conformance {
namespace {

/// One row of a section of 12 and 13; row n is case 12.x.n or 13.x.n.
struct Size {
  std::size_t message;
  std::size_t fragment;  // of what is compressed; 0: in one frame
};

constexpr std::array<Size, 18> kSizes = {{{16, 0},
                                          {64, 0},
                                          {256, 0},
                                          {1024, 0},
                                          {4096, 0},
                                          {8192, 0},
                                          {16384, 0},
                                          {32768, 0},
                                          {65536, 0},
                                          {131072, 0},
                                          {8192, 256},
                                          {16384, 256},
                                          {32768, 256},
                                          {65536, 256},
                                          {131072, 256},
                                          {131072, 1024},
                                          {131072, 4096},
                                          {131072, 32768}}};

constexpr std::size_t kMessages = 1000;
// A sampled case has so many octets, in so many messages; the least shows whether contexts are taken over.
constexpr std::size_t kSampledOctets = 256 * 1024;
constexpr std::size_t kMostSampledMessages = 50;
constexpr std::size_t kFewestSampledMessages = 3;
// Above the threshold under which a server may think compression not worth it.
constexpr std::size_t kWorthIt = 1024;

std::size_t count_of(const Size& size, const Scale& scale) {
  if (!scale.sampled) return kMessages;
  return std::clamp(kSampledOctets / size.message, kFewestSampledMessages, kMostSampledMessages);
}

/// One message after the other; each echo is compared before the next is sent.
Script echoes_compressed(const Sample& sample, const Size& size) {
  return [&sample, size](Peer& peer, const Scale& scale) {
    const std::size_t count = count_of(size, scale);
    for (std::size_t i = 0; i < count; ++i) {
      const Frame message = sample.message(i * size.message, size.message);
      peer.send_message(message, size.fragment);
      peer.expect(message);
    }
    if (size.message >= kWorthIt && sample.compressible() && peer.compressed_received() != count) {
      throw Failure("expected " + std::to_string(count) + " compressed echoes; came " +
                    std::to_string(peer.compressed_received()));
    }
    peer.close_normally();
  };
}

void add_section(std::vector<Case>& cases, const std::string& section, const Sample& sample,
                 const std::vector<DeflateWish>& wishes, const std::string& wished) {
  int number = 0;
  for (const Size& size : kSizes) {
    std::string what = "1000 messages of " + std::to_string(size.message);
    if (size.fragment != 0) what += " in fragments of " + std::to_string(size.fragment);
    what.append(", ").append(sample.name()).append(wished);
    cases.push_back({section + '.' + std::to_string(++number), what, echoes_compressed(sample, size), wishes});
  }
}

std::string describe(const std::vector<DeflateWish>& wishes) {
  std::string text;
  for (const DeflateWish& wish : wishes) {
    text += text.empty() ? "; asks the server for " : ", or for ";
    const std::string window = wish.max_window_bits == 0 ? "" : std::to_string(wish.max_window_bits) + " window bits";
    const std::string takeover = wish.no_context_takeover ? "no takeover" : "";
    text.append(takeover).append(takeover.empty() || window.empty() ? "" : " and ").append(window);
    if (takeover.empty() && window.empty()) text += "nothing";
  }
  return text;
}

}  // namespace

std::vector<Case> compression_cases() {
  const std::vector<std::vector<DeflateWish>> wishes = {
      {{}}, {{true, 0}}, {{false, 9}}, {{false, 15}}, {{true, 9}}, {{true, 15}}, {{true, 9}, {true, 0}, {false, 0}}};
  std::vector<Case> cases;
  int section = 0;
  for (const Sample& sample : samples()) add_section(cases, "12." + std::to_string(++section), sample, {{}}, "");
  section = 0;
  for (const auto& wish : wishes) {
    add_section(cases, "13." + std::to_string(++section), samples().front(), wish, describe(wish));
  }
  return cases;
}

}  // namespace mote::conformance
