#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <mote/mote.h>

#include "tests/fault/far_socket.h"
#include "tests/model/far_end.h"
#include "tests/model/house.h"
#include "tests/model/near_end.h"

namespace mote::model {

/// All the connections that have one number, which is in their path: a single one of the server's or, where the client
/// connects again, one for each attempt.
class Line {
 public:
  virtual ~Line() = default;
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  /// The present connection's, or those of the next one.
  [[nodiscard]] NearEnd& near() const { return *connections_.back().near; }
  [[nodiscard]] FarEnd& far() const { return *connections_.back().far; }
  [[nodiscard]] std::size_t opened() const;
  [[nodiscard]] std::size_t attempts() const { return connections_.size(); }
  /// Connections that Client::connection_count counts.
  [[nodiscard]] virtual std::size_t counted() const { return 0; }

  /// on_close of the present one is about to return.
  virtual void gone() { near().gone(); }
  bool step();
  /// `stop` was called, and `run` has returned: nothing more goes out.
  virtual void stopped();

  /// \name What must hold, as of a NearEnd
  /// @{
  /// A connection begins.
  virtual void check_attempt() const {}
  void check_between_turns() const;
  virtual void check_at_rest();
  virtual void check_at_end();
  /// @}

 protected:
  Line() = default;
  FarEnd& add(House& house, std::unique_ptr<FarEnd> far);

 private:
  struct Connected {
    std::unique_ptr<FarEnd> far;
    std::unique_ptr<NearEnd> near;
  };
  std::vector<Connected> connections_;
};

/// A client's connection to the server under test.
class IncomingLine final : public Line {
 public:
  IncomingLine(House& house, Random& random, unsigned number, const fault::Address& address);
};

/// One Client::connect.
///
/// The model: after a connection that has failed or ended comes another, as Reconnect has it; but none after one that
/// this side has ended, or after `close` or `abort` of the handle.
class OutgoingLine final : public Line {
 public:
  OutgoingLine(House& house, Random& random, unsigned number, const std::string& folder);

  [[nodiscard]] std::string url() const;
  [[nodiscard]] ClientOptions options() const;
  /// What Client::connect has answered.
  void begun(Handle handle);

  void gone() override;
  /// There will be no other attempt.
  void give_up() { given_up_ = true; }
  void vanish();
  void stopped() override;
  /// No connection is there, and none will be.
  [[nodiscard]] bool is_over() const;
  /// The same, and the last one's socket must have gone, too.
  [[nodiscard]] bool is_long_over() const;
  [[nodiscard]] std::size_t counted() const override;
  void check_at_rest() override;
  void check_at_end() override;
  void check_attempt() const override;

 private:
  void expect_another();
  void add_attempt();

  House& house_;
  Random& random_;
  unsigned number_;
  fault::Address address_;
  Reconnect reconnect_;
  Handle handle_;
  std::uint32_t failures_ = 0;  // since the last that opened
  bool given_up_ = false;
  bool over_ = false;
  std::int64_t gone_ms_ = 0;  // when on_close came last
  std::int64_t due_from_ms_ = 0;
  std::int64_t due_until_ms_ = 0;
};

}  // namespace mote::model
