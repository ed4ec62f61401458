#pragma once

#include <cstddef>

namespace mote {

/// Which messages are compressed where both sides agreed on permessage-deflate (RFC 7692).
enum class CompressionMode {
  off,         ///< The extension is declined.
  on_request,  ///< Only messages that are sent with Compress::always.
  on,          ///< Messages of at least Compression::threshold_bytes.
};

/// What becomes of one message, where the connection agreed on permessage-deflate; elsewhere it is sent as it is.
enum class Compress {
  by_size,  ///< As Options::compression has it.
  always,   ///< Whatever its size and the mode.
  never,    ///< For what is compressed or encrypted already.
};

/// permessage-deflate: what a server agrees on, and how it compresses.
///
/// Without context takeover one compressor and one decompressor serve all connections of a server, so that an idle
/// connection costs nothing. With it a connection keeps its own from its first compressed message on: about 260 KiB to
/// compress with the defaults, 40 KiB to decompress. Smaller windows and a lower memory level make that less.
struct Compression {
  CompressionMode mode = CompressionMode::off;
  /// 1, the fastest, to 9, the smallest, as zlib has them. Above 1 a few percent of size cost a multiple of the time.
  int level = 1;
  /// LZ77 window with which this server compresses: 2^bits bytes, 8 to 15. A client may ask for less (RFC 7692
  /// §7.1.2.1).
  int server_max_window_bits = 15;
  /// LZ77 window that a client may use, 8 to 15. A client that cannot be told (§7.1.2.2) gets no context takeover where
  /// this is below 15, since its memory could not be bounded.
  int client_max_window_bits = 15;
  /// How much memory zlib compresses with, 1 to 9: 2^(bits + 2) + 2^(level + 9) bytes. Windows below 8 KiB use less.
  int memory_level = 8;
  /// Whether what was sent before helps to compress the next message; not where the client asks for
  /// server_no_context_takeover (§7.1.1.1).
  bool server_context_takeover = false;
  /// Whether clients may do the same (§7.1.1.2).
  bool client_context_takeover = false;
  /// CompressionMode::on: smaller messages are sent as they are: below, headers and time cost more than the bytes that
  /// are saved.
  std::size_t threshold_bytes = 512;
};

}  // namespace mote
