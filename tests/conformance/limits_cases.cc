#include <algorithm>
#include <array>

#include "tests/conformance/script.h"

namespace mote::conformance {
namespace {

constexpr std::size_t kKi = 1024;
constexpr std::size_t kMi = kKi * kKi;
constexpr std::size_t kRoundTrips = 1000;
constexpr std::size_t kSampledRoundTrips = 100;
// What of a payload a sampled run has, fragments and chops alike.
constexpr std::size_t kSample = 4;

/// Octets in which every part is told from its neighbours, so that parts in another order show; printable ones in a
/// text.
const std::string& pattern(unsigned opcode) {
  const auto make = [](std::size_t first, std::size_t kinds) {
    std::string octets(kMi + 1, '\0');
    for (std::size_t i = 0; i < octets.size(); ++i) {
      octets[i] = static_cast<char>(first + (i + i / 251 + i / 65521) % kinds);
    }
    return octets;
  };
  static const std::string printable = make(' ', 95);
  static const std::string any = make(0, 256);
  return opcode == kText ? printable : any;
}

Frame patterned(unsigned opcode, std::size_t size) {
  Frame message{opcode};
  message.payload.reserve(size);
  while (message.payload.size() < size) message.payload.append(pattern(opcode), 0, size - message.payload.size());
  return message;
}

std::string size_name(std::size_t size) {
  if (size % kMi == 0 && size != 0) return std::to_string(size / kMi) + " MiB";
  if (size % kKi == 0 && size != 0) return std::to_string(size / kKi) + " KiB";
  return std::to_string(size) + " octets";
}

std::size_t scaled(std::size_t size, const Scale& scale) { return scale.sampled ? size / kSample : size; }

Script large(unsigned opcode, std::size_t size) {
  return [=](Peer& peer, const Scale& scale) { echoes(patterned(opcode, scaled(size, scale)))(peer, scale); };
}

/// The number of fragments stays what it is in a sample.
Script fragmented(unsigned opcode, std::size_t fragment) {
  return [=](Peer& peer, const Scale& scale) {
    const Frame message = patterned(opcode, scaled(4 * kMi, scale));
    peer.send_message(message, scaled(fragment, scale));
    peer.expect(message);
    peer.close_normally();
  };
}

Script chopped(unsigned opcode, std::size_t chop) {
  return [=](Peer& peer, const Scale& scale) {
    echoes(patterned(opcode, scaled(kMi, scale)), chops_of(chop))(peer, scale);
  };
}

Script round_trips(unsigned opcode, std::size_t size) {
  return [=](Peer& peer, const Scale& scale) {
    const Frame message = patterned(opcode, size);
    for (std::size_t left = scale.sampled ? kSampledRoundTrips : kRoundTrips; left > 0; --left) {
      peer.send({message});
      peer.expect(message);
    }
    peer.close_normally();
  };
}

std::string kind_name(unsigned opcode) { return opcode == kText ? "text" : "binary message"; }

}  // namespace

std::vector<Case> limits_cases() {
  constexpr std::array kSizes = {64 * kKi, 256 * kKi, kMi, 4 * kMi, 8 * kMi, 16 * kMi};
  constexpr std::array kFragments = {std::size_t{64}, std::size_t{256}, kKi, 4 * kKi, 16 * kKi,
                                     64 * kKi,        256 * kKi,        kMi, 4 * kMi};
  constexpr std::array<std::size_t, 6> kChops = {64, 128, 256, 512, 1024, 2048};
  constexpr std::array<std::size_t, 6> kRoundTripSizes = {0, 16, 64, 256, 1024, 4096};
  std::vector<Case> cases;
  // Sections 9.1, 9.3, 9.5 and 9.7 have texts, 9.2, 9.4, 9.6 and 9.8 the same in binary.
  const auto add = [&](int section, const auto& sizes, const auto& make) {
    for (const unsigned opcode : {kText, kBinary}) {
      int number = 0;
      for (const std::size_t size : sizes) {
        auto [what, script] = make(opcode, size);
        cases.push_back({"9." + std::to_string(section) + '.' + std::to_string(++number), what, script});
      }
      ++section;
    }
  };
  using Row = std::pair<std::string, Script>;
  add(1, kSizes, [](unsigned opcode, std::size_t size) {
    return Row{kind_name(opcode) + " of " + size_name(size), large(opcode, size)};
  });
  add(3, kFragments, [](unsigned opcode, std::size_t size) {
    return Row{kind_name(opcode) + " of 4 MiB in fragments of " + size_name(size), fragmented(opcode, size)};
  });
  add(5, kChops, [](unsigned opcode, std::size_t size) {
    return Row{kind_name(opcode) + " of 1 MiB, " + size_name(size) + " at a time", chopped(opcode, size)};
  });
  add(7, kRoundTripSizes, [](unsigned opcode, std::size_t size) {
    return Row{"1000 round trips, each a " + kind_name(opcode) + " of " + size_name(size), round_trips(opcode, size)};
  });
  return cases;
}

}  // namespace mote::conformance
