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

// One element of an offer, or that of a response, RFC 7692 §7.1.
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

// The one extension that the response may have. In a response client_max_window_bits has a value (§7.1.2.2).
ResponseFault read_answer(Headers headers, Offer& answer) {
  if (headers.count(kExtensionsField) > 1) return ResponseFault::repeated_extensions;
  FieldList elements(headers[kExtensionsField]);
  const auto element = elements.next();
  if (!element) return ResponseFault::malformed_extensions;
  ExtensionReader reader(*element);
  bool known = true;
  while (const auto parameter = reader.next()) {
    known = known && (parameter->name != kClientMaxWindowBits || parameter->value) && take(answer, *parameter);
  }
  if (!reader.ok()) return ResponseFault::malformed_extensions;
  if (reader.name() != kDeflateName) return ResponseFault::extension_not_offered;
  if (elements.next()) return ResponseFault::several_extensions;
  return known ? ResponseFault::none : ResponseFault::deflate_parameter;
}

// Whether the response keeps to what deflate_offer() asks for.
ResponseFault compare(const Offer& answer, const Compression& offered) {
  if (!offered.server_context_takeover && !answer.server_no_context_takeover) {
    return ResponseFault::server_takeover_not_declined;
  }
  const bool server_asked = offered.server_max_window_bits < kMaxWindowBits;
  if (server_asked && answer.server_max_window_bits.value_or(kMaxWindowBits) > offered.server_max_window_bits) {
    return ResponseFault::server_window_above_offer;
  }
  if (answer.client_max_window_bits && *answer.client_max_window_bits > offered.client_max_window_bits) {
    return ResponseFault::client_window_above_offer;
  }
  return ResponseFault::none;
}

// What the offer says of the client's own compressor binds it also where the response is silent (§7.1.1.2, §7.1.2.2).
DeflateParameters agreed_on(const Offer& answer, const Compression& offered) {
  DeflateParameters agreed;
  agreed.server_no_context_takeover = answer.server_no_context_takeover;
  agreed.client_no_context_takeover = answer.client_no_context_takeover || !offered.client_context_takeover;
  agreed.names_server_window = answer.server_max_window_bits.has_value();
  agreed.names_client_window = answer.client_max_window_bits.has_value();
  agreed.server_max_window_bits = static_cast<std::uint8_t>(answer.server_max_window_bits.value_or(kMaxWindowBits));
  agreed.client_max_window_bits =
      static_cast<std::uint8_t>(answer.client_max_window_bits.value_or(offered.client_max_window_bits));
  return agreed;
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

std::string deflate_offer(const Compression& settings) {
  if (settings.mode == CompressionMode::off) return {};
  const auto below_15 = [](int bits) { return bits < kMaxWindowBits ? std::to_string(bits) : std::string(); };
  std::string out(kDeflateName);
  if (!settings.server_context_takeover) append_parameter(out, kServerNoContextTakeover);
  if (!settings.client_context_takeover) append_parameter(out, kClientNoContextTakeover);
  const std::string server_window = below_15(settings.server_max_window_bits);
  if (!server_window.empty()) append_parameter(out, kServerMaxWindowBits, server_window);
  // Without a value it lets the server ask for a window (§7.1.2.2).
  append_parameter(out, kClientMaxWindowBits, below_15(settings.client_max_window_bits));
  return out;
}

ExtensionsAnswer judge_extensions_answer(Headers headers, const Compression& settings) {
  if (!headers.find(kExtensionsField)) return {};
  Offer answer;
  ResponseFault fault = read_answer(headers, answer);
  if (fault == ResponseFault::none && settings.mode == CompressionMode::off) {
    fault = ResponseFault::extension_not_offered;
  }
  if (fault == ResponseFault::none) fault = compare(answer, settings);
  if (fault != ResponseFault::none) return {.fault = fault, .deflate = {}};
  return {.fault = fault, .deflate = agreed_on(answer, settings)};
}

}  // namespace mote::proto
