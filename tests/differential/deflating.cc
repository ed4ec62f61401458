#include "tests/differential/deflating.h"

#define ZLIB_CONST  // next_in points to const
#include <zlib.h>

#include <array>
#include <stdexcept>

namespace mote::differential {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kTail = "\0\0\xFF\xFF"sv;  // of an empty stored block, which is cut off (RFC 7692 §7.2.1)

// One without content, of the fixed code; behind a flush. Then comes the next byte.
constexpr std::string_view kFinalBlock = "\x03\0"sv;

// Ways to say nothing: no payload, an empty stored block, an empty block of the fixed code before it, a final one, two
// stored blocks.
constexpr std::array kNothing = {""sv, "\0"sv, "\x02\0"sv, "\x03\0\0"sv, "\0\0\0\xFF\xFF\0"sv};

}  // namespace

RandomDeflater::RandomDeflater(Random& random, const Deflate& agreed)
    : random_(random), agreed_(agreed), stream_(new z_stream_s{}) {
  const auto window_bits = static_cast<int>(random.one_in(16) ? 15 : random.between(9, agreed.window_bits));
  const auto level = static_cast<int>(random.below(10));
  const auto memory = static_cast<int>(random.between(1, 6));
  const auto strategy = static_cast<int>(random.one_in(2) ? 0 : random.below(5));
  if (::deflateInit2(stream_.get(), level, Z_DEFLATED, -window_bits, memory, strategy) != Z_OK) {
    throw std::runtime_error("zlib cannot compress");
  }
}

RandomDeflater::~RandomDeflater() { ::deflateEnd(stream_.get()); }

std::vector<std::string> RandomDeflater::compress(const std::vector<std::string>& pieces) {
  static constexpr std::array flushes = {Z_NO_FLUSH, Z_PARTIAL_FLUSH, Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_BLOCK};
  if (!agreed_.context_takeover) ::deflateReset(stream_.get());
  std::vector<std::string> payloads;
  for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
    const int flush = random_.pick(flushes);
    payloads.push_back(flushed(pieces[i], flush));
    if (flush == Z_SYNC_FLUSH && random_.one_in(16)) payloads.back() += kFinalBlock;
  }
  if (pieces.size() == 1 && pieces[0].empty() && random_.one_in(2)) {
    payloads.emplace_back(random_.pick(kNothing));
  } else {
    payloads.push_back(last_payload(pieces.back()));
  }
  return payloads;
}

std::string RandomDeflater::last_payload(std::string_view piece) {
  std::string payload;
  if (random_.one_in(24)) {
    payload = flushed(piece, Z_FINISH) + '\0';  // a final block, and the empty one (§7.2.3.4)
    ::deflateReset(stream_.get());
  } else if (random_.one_in(24)) {
    payload =
        flushed(piece, Z_SYNC_FLUSH).append(kFinalBlock) + '\0';  // what comes next may refer to this all the same
  } else {
    payload = flushed(piece, Z_SYNC_FLUSH);
    // zlib writes nothing where nothing is to be flushed.
    if (payload.ends_with(kTail)) payload.resize(payload.size() - kTail.size());
  }
  if (random_.one_in(48)) payload += kTail.substr(0, random_.between(1, 4));
  if (random_.one_in(48) && !payload.empty()) payload.pop_back();
  return payload;
}

std::string RandomDeflater::flushed(std::string_view piece, int flush) {
  std::array<char, 4096> block{};
  std::string out;
  z_stream_s& stream = *stream_;
  stream.next_in = reinterpret_cast<const Bytef*>(piece.data());
  stream.avail_in = static_cast<uInt>(piece.size());
  do {
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<uInt>(block.size());
    ::deflate(&stream, flush);
    out.append(block.data(), block.size() - stream.avail_out);
  } while (stream.avail_out == 0);
  return out;
}

}  // namespace mote::differential
