#pragma once

#include <memory>
#include <optional>
#include <string>

#include "tests/model/far_end.h"
#include "tests/model/wrong_answers.h"

namespace mote::model {

/// The server of one attempt of the client under test: from before that is made to its end.
class FarServer final : public FarEnd {
 public:
  /// Listens there from now on, or not, so that nobody else does either.
  FarServer(House& house, Random& random, unsigned number, const fault::Address& address);

  void drop() override;
  /// The attempt is over, whether or not it has come here.
  void retire();

  [[nodiscard]] bool has_failed() const override;
  [[nodiscard]] bool explains(ErrorKind kind, int status) const override;
  [[nodiscard]] std::int64_t longest_way_ms() const override;

 private:
  /// Where it is found, and what it shows of itself.
  enum class Presence { there, late, crowded, absent, stranger, no_tls };

  void hear_opening() override;
  [[nodiscard]] bool opened() const override { return may_open(); }
  bool prepare() override;
  void rest() override;
  void secure();
  void answer(const std::string& head);
  std::string extensions(const std::string& offer);

  Presence presence_ = Presence::there;
  std::int64_t accepts_ms_ = 0;
  std::unique_ptr<fault::FarListener> listener_;
  fault::FarSocket crowd_;  // takes the only place in the backlog
  const WrongAnswer* wrong_ = nullptr;
  bool accepted_ = false;
  bool heard_request_ = false;
  bool ends_tcp_;
};

}  // namespace mote::model
