#include "tests/model/speech.h"

#include <algorithm>
#include <array>
#include <utility>

#include "tests/model/bad_bytes.h"

namespace mote::model {

void Speech::compress(Context context) {
  deflater_ = std::make_unique<test::PeerDeflater>();
  context_ = context;
}

std::string Speech::frame(unsigned opcode, std::string_view payload, test::FrameBits bits) const {
  bits.masked = speaker_ == Role::client;
  return test::client_frame(opcode, payload, bits);
}

void Speech::add(Unit unit, std::string_view bytes) {
  unit.begin = given_ + bytes_.size();
  bytes_ += bytes;
  unit.end = given_ + bytes_.size();
  units_.push_back(std::move(unit));
}

/// Characters of one to four bytes, as many as fit.
std::string Speech::text(std::size_t bytes) {
  static constexpr std::array<std::string_view, 5> kCharacters{"a", "ä", "€", "😀", "z"};
  std::string text;
  while (text.size() + 4 <= bytes) text += random_.pick(kCharacters);
  return text;
}

std::string Speech::random_payload(unsigned opcode) {
  const std::size_t size =
      random_.one_in(20) ? random_.below(kMaxMessageBytes) : random_.below(random_.one_in(4) ? 3'000 : 40);
  if (opcode == 1) return text(size);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random_.below(256));
  return bytes;
}

/// In one frame or in fragments, with pings between those.
void Speech::message() {
  const unsigned opcode = random_.one_in(2) ? 1 : 2;
  const std::string payload = random_payload(opcode);
  const bool compressed = deflater_ != nullptr && random_.one_in(2);
  if (compressed && context_ == Context::anew) deflater_->forget();
  const std::string body = compressed ? deflater_->message(payload) : payload;
  const unsigned first_bits = compressed ? 4 : 0;
  const std::size_t parts = random_.one_in(3) ? random_.between(2, kMaxFragments) : 1;
  std::size_t done = 0;
  for (std::size_t i = 1; i < parts; ++i) {
    const std::size_t size = random_.below(body.size() - done + 1);
    bytes_ += frame(i == 1 ? opcode : 0, std::string_view(body).substr(done, size),
                    {.fin = false, .reserved = i == 1 ? first_bits : 0});
    done += size;
    if (random_.one_in(4)) ping();
  }
  add({.kind = Unit::Kind::message, .opcode = opcode, .payload = payload},
      frame(parts == 1 ? opcode : 0, std::string_view(body).substr(done), {.reserved = parts == 1 ? first_bits : 0}));
}

void Speech::ping() {
  const std::string payload = "ping " + std::to_string(units_.size()) + text(random_.below(100));
  add({.kind = Unit::Kind::ping, .opcode = 9, .payload = payload}, frame(9, payload));
}

void Speech::pong(std::string_view payload) {
  add({.kind = Unit::Kind::pong, .opcode = 10, .payload = std::string(payload)}, frame(10, payload));
}

void Speech::close(std::uint16_t code, std::string_view reason) {
  std::string payload;
  if (code != close_code::no_status) {
    payload = {static_cast<char>(code >> 8U), static_cast<char>(code & 0xFFU)};
    payload.append(reason);
  }
  add({.kind = Unit::Kind::close, .opcode = 8, .payload = std::string(reason), .code = code}, frame(8, payload));
}

void Speech::bad() {
  const auto all = bad_bytes(speaker_);
  const BadBytes& chosen = all[random_.below(all.size())];
  add({.kind = Unit::Kind::bad, .payload = chosen.name, .code = chosen.code, .by = chosen.by}, chosen.bytes);
}

std::string Speech::give(std::size_t most) {
  const std::size_t size = std::min(most, bytes_.size());
  std::string given = bytes_.substr(0, size);
  bytes_.erase(0, size);
  given_ += size;
  return given;
}

std::size_t Speech::complete() const {
  std::size_t count = units_.size();
  while (count != 0 && units_[count - 1].end > given_) --count;
  return count;
}

bool Speech::has_closed() const {
  const auto end = first_end();
  return end && units_[*end].kind == Unit::Kind::close && units_[*end].end <= given_;
}

std::optional<std::size_t> Speech::first_end() const {
  const auto found = std::ranges::find_if(units_, [](const Unit& unit) { return unit.ends(); });
  return found == units_.end() ? std::nullopt : std::optional(static_cast<std::size_t>(found - units_.begin()));
}

}  // namespace mote::model
