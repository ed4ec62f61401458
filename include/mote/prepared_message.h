#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include <mote/compression.h>

namespace mote {

namespace proto {
class PreparedFrames;
}

/// A message that is framed, and compressed, once and can then be sent to any number of connections.
///
///     const mote::PreparedMessage news("Hello everybody");
///     for (mote::Connection* socket : subscribers) socket->send(news);
///
/// A small reference to an immutable copy of the payload: copies share it. Any thread may make, copy and send it. It is
/// compressed when a connection first needs that, with the options of that connection's server, once for each size of
/// window that clients agreed on. It refers to no message before it, and where the server has context takeover, those
/// that follow on that connection do not either.
class PreparedMessage {
 public:
  explicit PreparedMessage(std::string_view text, Compress compress = Compress::by_size);  ///< UTF-8, see send().
  explicit PreparedMessage(std::span<const std::byte> bytes, Compress compress = Compress::by_size);
  explicit PreparedMessage(const char* text, Compress compress = Compress::by_size)
      : PreparedMessage(std::string_view(text), compress) {}
  explicit PreparedMessage(std::nullptr_t, Compress = Compress::by_size) = delete;
  // Only copied, also where it is moved: one without a message could not be sent.
  PreparedMessage(const PreparedMessage&) = default;
  PreparedMessage& operator=(const PreparedMessage&) = default;
  ~PreparedMessage() = default;

  /// The payload's size before it is compressed.
  [[nodiscard]] std::size_t size() const;

 private:
  friend class proto::PreparedFrames;

  std::shared_ptr<const proto::PreparedFrames> frames_;
};

}  // namespace mote
