#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <mote/mote.h>

#include "tests/model/house.h"
#include "tests/model/line.h"
#include "tests/model/near_end.h"
#include "tests/model/speech.h"

namespace mote::model {

/// The user's code of a play: callbacks that do anything that may be done, by chance.
class Actor {
 public:
  using Lines = std::vector<std::unique_ptr<Line>>;

  /// `lines`: by the number in their path.
  Actor(House& house, Random& random, const Lines& lines);

  /// \name Whom it acts on: sets its callbacks, all connections' or each one's own
  /// @{
  void start(Server& server);
  void connect(Client& client, OutgoingLine& line);
  /// @}
  /// What else it may do: Client::connect of another line, and an end of the client.
  void may_connect(std::function<void()> connect) { connect_ = std::move(connect); }
  void may_destroy_client(std::function<void()> destroy) { destroy_client_ = std::move(destroy); }
  /// Has the loop run a task.
  void post(Callback<void()> task);

  /// Does something to one of the connections, from a task of the loop's.
  void act_outside();
  /// The same from another thread.
  void act_in_thread();
  /// Reads again wherever it was paused.
  void resume_all();
  void stop();
  void drain();

 private:
  Line& line_of(const Connection& socket);
  NearEnd& of(Connection& socket);
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
  void end_it_all();
  Line* anybody();
  NearEnd::Via via();
  std::string payload();

  House& house_;
  Random& random_;
  bool wild_;
  bool own_callbacks_;
  const Lines& lines_;
  Server* server_ = nullptr;
  Client* client_ = nullptr;
  std::function<void()> connect_;
  std::function<void()> destroy_client_;
};

}  // namespace mote::model
