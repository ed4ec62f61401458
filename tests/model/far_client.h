#pragma once

#include "tests/model/far_end.h"

namespace mote::model {

/// A client of the server under test.
class FarClient final : public FarEnd {
 public:
  FarClient(House& house, Random& random, unsigned number);
  void connect(const fault::Address& address);

  [[nodiscard]] bool has_failed() const override { return given_ && opening_ == Opening::wrong && all_written(); }
  [[nodiscard]] bool was_refused() const override { return status_ == 400; }
  [[nodiscard]] bool explains(ErrorKind, int) const override { return false; }

 private:
  void hear_opening() override;
  [[nodiscard]] bool opened() const override { return status_ == 101; }

  int status_ = 0;
};

}  // namespace mote::model
