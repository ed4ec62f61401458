#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <mote/mote.h>

#include "tests/model/house.h"
#include "tests/model/near_end.h"
#include "tests/model/speech.h"

namespace mote::model {

/// The user's code of a play: callbacks that do anything that may be done, by chance.
class Actor {
 public:
  Actor(House& house, Random& random);

  /// Sets its callbacks, all connections' or each one's own.
  void start(Server& server);
  /// The connections, by the number in their path.
  std::vector<std::unique_ptr<NearEnd>>& connections() { return connections_; }
  [[nodiscard]] const std::vector<std::unique_ptr<NearEnd>>& connections() const { return connections_; }
  /// Does something to one of them, from a task of the loop's.
  void act_outside();
  /// The same from another thread.
  void act_in_thread();
  /// Reads again wherever it was paused.
  void resume_all();
  void stop();
  void drain();

 private:
  NearEnd& of(const Connection& socket);
  void configure(Connection& socket);
  void set_callbacks(Connection& socket);
  [[nodiscard]] Handlers handlers();
  void on_open(Connection& socket);
  void on_data(Connection& socket, unsigned opcode, std::string_view payload);
  void on_control(Connection& socket, Unit::Kind kind, std::span<const std::byte> payload);
  void on_drain(Connection& socket);
  void on_error(Connection& socket, const Error& error);
  void on_close(Connection& socket, const CloseInfo& why);

  void in_callback(NearEnd& near, bool may_throw);
  void act_on(NearEnd& near);
  void send_something(NearEnd& near);
  bool fill_exactly(NearEnd& near);
  void close_somehow(NearEnd& near);
  void end_server();
  NearEnd* anybody();
  NearEnd::Via via();
  std::string payload();

  House& house_;
  Random& random_;
  bool wild_;
  bool own_callbacks_;
  Server* server_ = nullptr;
  std::vector<std::unique_ptr<NearEnd>> connections_;
};

}  // namespace mote::model
