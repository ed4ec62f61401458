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
  always,   ///< Whatever its size and the mode; but without context takeover only where that makes it smaller.
  never,    ///< For what is compressed or encrypted already.
};

/// permessage-deflate: what a server agrees on, and how it compresses.
///
///     options.compression.mode = mote::CompressionMode::on;
///
/// Without context takeover the connections of a server share what they compress and decompress with, so that an idle
/// one costs nothing; one that has sent only a part of a compressed message holds 40 KiB and what came out so far. With
/// takeover a connection keeps its own from its first compressed message on: about 150 KiB to compress with the
/// defaults, 40 KiB to decompress. Smaller windows and a lower memory level make that less.
struct Compression {
  CompressionMode mode = CompressionMode::off;
  /// 1, the fastest, to 9, the smallest. Without context takeover level 1 is ISA-L's, which needs two fifths of the
  /// time of zlib's and makes JSON messages of 1 KB smaller by 3 %; all else is zlib's. Its level 6 saves another 2 %
  /// there, for three times the time; with context takeover, or for large ones, a quarter in two to four times the
  /// time.
  int level = 1;
  /// LZ77 window with which this server compresses: 2^bits bytes, 8 to 15. A client may ask for less (RFC 7692
  /// §7.1.2.1).
  int server_max_window_bits = 15;
  /// LZ77 window that a client may use, 8 to 15. A client that cannot be told (§7.1.2.2) gets no context takeover where
  /// this is below 15, since its memory could not be bounded.
  int client_max_window_bits = 15;
  /// How much memory zlib compresses with (ISA-L: 360 KiB, once for all connections), 1 to 9: 2^(server_max_window_bits
  /// + 2) + 2^(memory_level + 9) bytes, and 6 KiB. 1 and 2 make messages larger, and take longer. At most
  /// server_max_window_bits less 5 is used: above, it would cost time only. 8 saves half a percent of size, and no
  /// time, for 112 KiB more.
  int memory_level = 5;
  /// Whether what was sent before helps to compress the next message; not where the client asks for
  /// server_no_context_takeover (§7.1.1.1).
  bool server_context_takeover = false;
  /// Whether clients may do the same (§7.1.1.2).
  bool client_context_takeover = false;
  /// CompressionMode::on sends smaller messages as they are: the few bytes that could be saved are not worth the time.
  std::size_t threshold_bytes = 512;

  bool operator==(const Compression&) const = default;
};

}  // namespace mote
