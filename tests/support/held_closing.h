#pragma once

#include <future>
#include <string>
#include <string_view>
#include <vector>

#include <mote/mote.h>

namespace mote::test {

/// A server's handlers that close with 4000 on a message, and then hold its loop: all that the peer does until
/// `release` is there at once. One connection's.
class HeldClosing {
 public:
  /// `server` is set before it starts.
  [[nodiscard]] Handlers handlers() {
    Handlers made;
    made.on_message = [this](Connection& socket, std::string_view) {
      socket.close(4000);
      server_->post([this] { released_.get_future().wait(); });
    };
    made.on_error = [this](Connection&, const Error& error) { ends_.emplace_back(error.what()); };
    made.on_close = [this](Connection&, const CloseInfo& why) { ends_.push_back(std::to_string(why.code)); };
    return made;
  }
  void set(Server& server) { server_ = &server; }
  void release() { released_.set_value(); }
  /// What on_error and on_close were told; when the server has stopped.
  [[nodiscard]] const std::vector<std::string>& ends() const { return ends_; }

 private:
  Server* server_ = nullptr;
  std::promise<void> released_;
  std::vector<std::string> ends_;
};

}  // namespace mote::test
