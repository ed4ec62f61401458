#include "proto/deflate_parameters.h"

#include <algorithm>
#include <utility>

#include "proto/ascii.h"
#include "proto/extension.h"
#include "proto/field_list.h"

namespace mote::proto {
namespace {

constexpr std::string_view kServerNoContextTakeover = "server_no_context_takeover";
constexpr std::string_view kClientNoContextTakeover = "client_no_context_takeover";
constexpr std::string_view kServerMaxWindowBits = "server_max_window_bits";
constexpr std::string_view kClientMaxWindowBits = "client_max_window_bits";

// One element of the offer, RFC 7692 §7.1.
struct Offer {
  bool server_no_context_takeover = false;
  bool client_no_context_takeover = false;
  std::optional<int> server_max_window_bits;
  std::optional<int> client_max_window_bits;
};

// 8 to 15, decimal, without leading zeros (§7.1.2.1).
std::optional<int> window_bits(std::string_view text) {
  if (text.empty() || text.size() > 2 || !consists_of(kDigit, text) || text.front() == '0') return std::nullopt;
  int bits = 0;
  for (const char digit : text) bits = 10 * bits + (digit - '0');
  if (bits < kMinWindowBits || bits > kMaxWindowBits) return std::nullopt;
  return bits;
}

bool take_flag(bool& flag, const std::optional<std::string>& value) { return !std::exchange(flag, true) && !value; }

bool take_bits(std::optional<int>& bits, const std::optional<std::string>& value) {
  if (bits || !value) return false;
  bits = window_bits(*value);
  return bits.has_value();
}

// False where it is unknown, repeated or out of range.
bool take(Offer& offer, const ExtensionReader::Parameter& parameter) {
  const auto& [name, value] = parameter;
  if (name == kServerNoContextTakeover) return take_flag(offer.server_no_context_takeover, value);
  if (name == kClientNoContextTakeover) return take_flag(offer.client_no_context_takeover, value);
  if (name == kServerMaxWindowBits) return take_bits(offer.server_max_window_bits, value);
  if (name != kClientMaxWindowBits) return false;
  // Without a value the client only says that it can be told (§7.1.2.2).
  return take_bits(offer.client_max_window_bits, value ? value : std::to_string(kMaxWindowBits));
}

DeflateParameters agree(const Offer& offer, const Compression& settings) {
  const auto smaller = [](std::optional<int> offered, int wanted) {
    return static_cast<std::uint8_t>(std::min(offered.value_or(kMaxWindowBits), wanted));
  };
  DeflateParameters agreed;
  agreed.server_no_context_takeover = offer.server_no_context_takeover || !settings.server_context_takeover;
  agreed.client_no_context_takeover = offer.client_no_context_takeover || !settings.client_context_takeover;
  agreed.server_max_window_bits = smaller(offer.server_max_window_bits, settings.server_max_window_bits);
  // A limit that was asked for is confirmed even where it is 15 (§7.1.2.1).
  agreed.names_server_window = offer.server_max_window_bits || agreed.server_max_window_bits < kMaxWindowBits;
  if (offer.client_max_window_bits) {
    agreed.client_max_window_bits = smaller(offer.client_max_window_bits, settings.client_max_window_bits);
    agreed.names_client_window = agreed.client_max_window_bits < kMaxWindowBits;
  } else if (settings.client_max_window_bits < kMaxWindowBits) {
    agreed.client_no_context_takeover = true;  // may be asked for without an offer, unlike the window (§7.1.1.2)
  }
  return agreed;
}

void append_parameter(std::string& out, std::string_view name, std::string_view value = {}) {
  out.append("; ").append(name);
  if (!value.empty()) out.append("=").append(value);
}

}  // namespace

std::string DeflateParameters::to_string() const {
  std::string out(kDeflateName);
  if (server_no_context_takeover) append_parameter(out, kServerNoContextTakeover);
  if (client_no_context_takeover) append_parameter(out, kClientNoContextTakeover);
  if (names_server_window) append_parameter(out, kServerMaxWindowBits, std::to_string(server_max_window_bits));
  if (names_client_window) append_parameter(out, kClientMaxWindowBits, std::to_string(client_max_window_bits));
  return out;
}

ExtensionsVerdict judge_extensions(Headers headers, const Compression& settings) {
  ExtensionsVerdict verdict;
  bool any = false;
  const bool broken = any_element(headers, kExtensionsField, [&](std::string_view element) {
    any = true;
    ExtensionReader reader(element);
    Offer offer;
    bool wanted = reader.name() == kDeflateName && settings.mode != CompressionMode::off && !verdict.deflate;
    while (const auto parameter = reader.next()) wanted = wanted && take(offer, *parameter);
    if (wanted && reader.ok()) verdict.deflate = agree(offer, settings);
    return !reader.ok();
  });
  verdict.malformed = broken || !any;
  return verdict;
}

}  // namespace mote::proto
