#include "proto/handshake.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <vector>

#include "proto/ascii.h"
#include "proto/base64.h"
#include "proto/extension.h"
#include "proto/field_list.h"
#include "proto/http_response.h"

namespace mote::proto {
namespace {

using Kind = UpgradeVerdict::Kind;

struct SingleField {
  std::string_view value;
  unsigned count = 0;

  void add(std::string_view another) {
    value = another;
    ++count;
  }
};

// What a request says about the handshake, from one walk over its fields.
struct Offer {
  bool websocket = false;
  SingleField key, version, origin;
  bool extensions = false;
  bool subprotocols = false;
};

// Protocol names compare without case (RFC 9110 §7.8).
bool lists_websocket(std::string_view upgrade) {
  FieldList protocols(upgrade);
  while (const std::optional<std::string_view> protocol = protocols.next()) {
    if (equals_ignoring_case(*protocol, "websocket")) return true;
  }
  return false;
}

void note_field(Offer& offer, const Header& field) {
  const auto named = [&](std::string_view name) { return equals_ignoring_case(field.name, name); };
  switch (field.name.size()) {
    case 6:
      if (named("Origin")) offer.origin.add(field.value);
      break;
    case 7:
      if (named("Upgrade")) offer.websocket = offer.websocket || lists_websocket(field.value);
      break;
    case 17:
      if (named("Sec-WebSocket-Key")) offer.key.add(field.value);
      break;
    case 21:
      if (named("Sec-WebSocket-Version")) offer.version.add(field.value);
      break;
    case kProtocolField.size():
      if (named(kProtocolField)) offer.subprotocols = true;
      break;
    case kExtensionsField.size():
      if (named(kExtensionsField)) offer.extensions = true;
      break;
    default:
      break;
  }
}

// 0 to 255 without leading zeros (RFC 6455 §4.3).
bool is_version(std::string_view text) {
  if (text.empty() || text.size() > 3 || !consists_of(kDigit, text)) return false;
  if (text.size() > 1 && text[0] == '0') return false;
  return text.size() < 3 || text <= "255";
}

// 16 bytes are 22 characters and two of padding; of the last character the low four bits are unused, and must be 0 for
// it to be the one encoding of those bytes (RFC 4648 §3.5).
bool is_key(std::string_view text) {
  constexpr std::string_view kLast = "AQgw";
  return text.size() == 24 && text.ends_with("==") && consists_of(kBase64, text.substr(0, 22)) &&
         kLast.find(text[21]) != std::string_view::npos;
}

// One token at least, and none twice (§4.1 /10/). Sorted, because a quadratic search could be made slow on purpose.
bool valid_subprotocols(Headers headers) {
  std::vector<std::string_view> names;
  const bool malformed = any_element(headers, kProtocolField, [&](std::string_view element) {
    names.push_back(element);
    return !is_token(element);
  });
  if (malformed || names.empty()) return false;
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) == names.end();
}

// The first requirement of §4.2.1 that the request breaks. The version comes before what only version 13 defines.
std::optional<Fault> handshake_fault(const RequestHead& head, const Offer& offer) {
  if (!head.is_get()) return Fault::handshake_method;
  if (!head.connection_upgrade()) return Fault::connection_without_upgrade;
  if (offer.version.count != 1 || !is_version(offer.version.value)) return Fault::invalid_version;
  if (offer.version.value != "13") return Fault::unsupported_version;
  if (offer.key.count != 1 || !is_key(offer.key.value)) return Fault::invalid_key;
  if (head.has_body()) return Fault::handshake_with_body;
  if (offer.origin.count > 1) return Fault::repeated_origin;
  if (offer.subprotocols && !valid_subprotocols(head.headers())) return Fault::malformed_subprotocols;
  return std::nullopt;
}

// Exact (§10.2): a prefix or suffix match lets in `https://example.org.evil.test`.
bool origin_may_connect(const Offer& offer, std::span<const std::string> origins) {
  if (origins.empty()) return true;
  return offer.origin.count == 1 && std::find(origins.begin(), origins.end(), offer.origin.value) != origins.end();
}

std::string_view choose_subprotocol(Headers headers, std::span<const std::string> spoken) {
  std::string_view chosen;
  any_element(headers, kProtocolField, [&](std::string_view offered) {
    const auto match = std::find(spoken.begin(), spoken.end(), offered);
    if (match == spoken.end()) return false;
    chosen = *match;
    return true;
  });
  return chosen;
}

/// Fetched once and kept for the life of the process: it is immutable, any thread may use it, and each lookup by name
/// would cost more than the digest. EVP_MD_free at exit could come after OpenSSL's own clean-up.
const EVP_MD* fetch_sha1() {
  ERR_clear_error();
  if (const EVP_MD* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr)) return sha1;
  const bool no_memory = ERR_GET_REASON(ERR_peek_error()) == ERR_R_MALLOC_FAILURE;
  ERR_clear_error();
  if (no_memory) throw std::bad_alloc();
  throw std::runtime_error("mote: OpenSSL cannot compute SHA-1, which the opening handshake needs; is it disabled?");
}

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

/// For one digest after the other: to make it and to free it takes as long as SHA-1.
EVP_MD_CTX* digest_context() {
  static thread_local const std::unique_ptr<EVP_MD_CTX, FreeDigest> context = [] {
    std::unique_ptr<EVP_MD_CTX, FreeDigest> made(EVP_MD_CTX_new());
    if (made == nullptr) throw std::bad_alloc();  // the next call tries again
    return made;
  }();
  return context.get();
}

UpgradeVerdict refuse(Fault fault) { return {.kind = Kind::refuse, .refusal = refusal_for(fault)}; }

}  // namespace

UpgradeVerdict judge_upgrade(const RequestHead& head, const UpgradePolicy& policy) {
  Offer offer;
  if (head.is_http_1_0()) return {};
  for (const Header& field : head.headers()) note_field(offer, field);
  if (!offer.websocket) return {};
  if (const std::optional<Fault> fault = handshake_fault(head, offer)) return refuse(*fault);
  ExtensionsVerdict extensions;
  if (offer.extensions) extensions = judge_extensions(head.headers(), policy.compression);
  if (extensions.malformed) return refuse(Fault::malformed_extensions);

  if (!policy.endpoint_path.empty() && head.path() != policy.endpoint_path) return refuse(Fault::unknown_endpoint);
  if (!origin_may_connect(offer, policy.origins)) return refuse(Fault::refused_origin);
  std::string_view subprotocol;
  if (offer.subprotocols) subprotocol = choose_subprotocol(head.headers(), policy.subprotocols);
  if (subprotocol.empty() && policy.subprotocol_mismatch == SubprotocolMismatch::refuse) {
    return refuse(Fault::no_common_subprotocol);
  }
  return {.kind = Kind::accept,
          .refusal = {},
          .key = offer.key.value,
          .subprotocol = subprotocol,
          .deflate = extensions.deflate};
}

// RFC 6455 §4.2.2 /5/: SHA-1 over the key as it was sent and the GUID, in Base64.
std::string accept_value(std::string_view key) {
  constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  static const EVP_MD* const kSha1 = fetch_sha1();  // where that throws, the next call tries again
  std::array<unsigned char, 20> digest;
  EVP_MD_CTX* const context = digest_context();
  if (EVP_DigestInit_ex(context, kSha1, nullptr) != 1 || EVP_DigestUpdate(context, key.data(), key.size()) != 1 ||
      EVP_DigestUpdate(context, kGuid.data(), kGuid.size()) != 1 ||
      EVP_DigestFinal_ex(context, digest.data(), nullptr) != 1) {
    throw std::bad_alloc();
  }
  return base64(std::as_bytes(std::span(digest)));
}

void require_accept_value() { static_cast<void>(accept_value({})); }

void append_switching_protocols(std::string& out, std::string_view key, const Agreement& agreement,
                                std::string_view extra_lines) {
  constexpr std::size_t kUsualBytes = 192;  // without fields of the user's
  out.reserve(out.size() + kUsualBytes + extra_lines.size());
  out.append(
         "HTTP/1.1 101 Switching Protocols\r\n"
         "Upgrade: websocket\r\n"
         "Connection: Upgrade\r\n"
         "Sec-WebSocket-Accept: ")
      .append(accept_value(key))
      .append("\r\n");
  if (const auto chosen = agreement.subprotocol; !chosen.empty()) append_field_line(out, kProtocolField, chosen);
  if (agreement.deflate) append_field_line(out, kExtensionsField, agreement.deflate->to_string());
  out.append(extra_lines).append("\r\n");
}

bool offers_subprotocol(mote::Headers headers, std::string_view name) {
  return any_element(headers, kProtocolField, [&](std::string_view offered) { return offered == name; });
}

bool handshake_field(std::string_view name) {
  constexpr std::string_view kOwn[] = {"Upgrade", "Sec-WebSocket-Accept", "Sec-WebSocket-Version", kProtocolField,
                                       kExtensionsField};
  return managed_field(name) || std::any_of(std::begin(kOwn), std::end(kOwn),
                                            [&](std::string_view own) { return equals_ignoring_case(name, own); });
}

}  // namespace mote::proto
