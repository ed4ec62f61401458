#pragma once

#include <mote/mote.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "load/errors.h"
#include "load/histogram.h"
#include "load/options.h"
#include "load/traffic.h"

namespace mote::load {

/// Opens the connections, only so many at a time and not faster than the ramp has it, and hands on what comes on them.
/// On the client's thread.
class Connector {
 public:
  /// Called within the connections' callbacks.
  struct Events {
    std::function<void(Traffic::Link&)> opened;
    std::function<void()> settled;  ///< Every handshake is over, well or not.
    std::function<void()> ended;    ///< A connection that was open.
  };

  Connector(Client& client, const Options& options, Traffic& traffic, Errors& errors, Events events);

  /// Begins the first connections. Throws what Client::connect throws.
  void start(std::int64_t now);
  /// Begins those whose time has come.
  void advance(std::int64_t now);
  /// Begins no more, and closes all with 1000. Ends that come now are no errors.
  void close_all();

  [[nodiscard]] std::uint32_t opened() const { return opened_; }
  /// That are open now.
  [[nodiscard]] std::uint32_t open() const { return open_; }
  [[nodiscard]] bool settled() const { return opened_ + failed_ == options_.connections; }
  [[nodiscard]] const Histogram& times() const { return times_; }
  /// From the first begin to the last handshake's end.
  [[nodiscard]] std::int64_t connecting_ns() const { return last_ - start_; }

 private:
  void connect(std::uint32_t index, std::int64_t now);
  Handlers handlers(Traffic::Link& link, std::int64_t begun);
  void on_open(Traffic::Link& link, Connection& socket, std::int64_t begun);
  void on_error(const Traffic::Link& link, const Error& error);
  void on_close(Traffic::Link& link, const CloseInfo& why);
  void failed(Traffic::Link& link, std::int64_t now);

  Client& client_;
  const Options& options_;
  Traffic& traffic_;
  Errors& errors_;
  Events events_;
  ClientOptions client_options_;
  std::int64_t start_ = 0;
  std::int64_t last_ = 0;
  std::uint32_t next_ = 0;
  std::uint32_t opened_ = 0;
  std::uint32_t open_ = 0;
  std::uint32_t failed_ = 0;
  bool closing_ = false;
  bool told_ = false;  // on_error has told why the connection of the next on_close ends
  Histogram times_;
};

}  // namespace mote::load
