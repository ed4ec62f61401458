#include "tests/fault/injector.h"

namespace mote::fault {

Injector& injector() noexcept {
  static Injector instance;
  return instance;
}

int& Suspended::depth() noexcept {
  thread_local int depth = 0;
  return depth;
}

void Injector::begin(const std::optional<Plan>& plan) {
  armed_ = false;
  plan_ = plan;
  for (auto& uses : uses_) uses = 0;
  hits_ = 0;
  spared_.reset();
}

int Injector::use(Call call) noexcept {
  if (!armed_ || Suspended::now()) return effect::none;
  const unsigned number = ++uses_[static_cast<std::size_t>(call)];
  if (!plan_ || plan_->call != call || number < plan_->nth) return effect::none;
  if (number > plan_->nth && plan_->mode == Mode::once) return effect::none;
  if (hits_ >= kMostHits) return effect::none;
  ++hits_;
  return plan_->effect;
}

int Injector::use(Call call, int descriptor) noexcept {
  const auto place = static_cast<std::size_t>(descriptor);
  if (descriptor >= 0 && place < kDescriptors && spared_[place]) return effect::none;
  return use(call);
}

void Injector::spare(int descriptor, bool spared) noexcept {
  const auto place = static_cast<std::size_t>(descriptor);
  if (descriptor >= 0 && place < kDescriptors) spared_[place] = spared;
}

}  // namespace mote::fault
