#include <span>
#include <stdexcept>

#include "proto/deflate_pool.h"
#include "proto/handshake.h"
#include "proto/head_collector.h"
#include "proto/message_reader.h"
#include "proto/request_head.h"
#include "proto/violation.h"
#include "tests/evidence/evidence_file.h"

namespace mote::evidence {
namespace {

using proto::HeadProgress;

struct NullSink {
  static bool on_data(proto::Opcode, std::span<std::byte>) { return true; }
  static bool on_control(proto::Opcode, std::span<std::byte>) { return true; }
  bool on_close_frame(const proto::ClosePayload&) {
    closed = true;
    return false;
  }
  bool closed = false;
};

/// One connection, from heads to frames, as a session reads it.
class Replay {
 public:
  explicit Replay(const EvidenceFile& file)
      : limits_{file.max_request_head_bytes, file.max_header_lines, file.max_target_bytes},
        rules_{.message_bytes = file.max_message_bytes, .fragments = file.max_fragments},
        in_head_(file.begins == "head") {
    if (!file.deflate) return;
    rules_.deflate = &pool_;
    rules_.context_takeover = file.deflate->takeover;
    rules_.window_bits = file.deflate->window_bits;
  }

  /// One read; the verdict, once there is one.
  std::string feed(std::span<std::byte> input) {
    std::string verdict;
    while (!input.empty() && verdict.empty() && in_head_) {
      const auto step = head_.feed(input, limits_);
      input = input.subspan(step.consumed);
      if (step.progress != HeadProgress::incomplete) verdict = judge(step.progress);
    }
    if (input.empty() || !verdict.empty() || sink_.closed) return verdict;
    const auto result = reader_.read<proto::Role::server>(input, rules_, sink_);
    if (result.violation == proto::Violation::none) return {};
    const auto& info = proto::info_of(result.violation);
    return std::to_string(info.close_code).append(" ").append(info.text);
  }

 private:
  std::string judge(HeadProgress progress) {
    const proto::RequestHead& head = head_.head();
    const auto verdict = progress == HeadProgress::complete ? proto::judge_upgrade(head, {}) : proto::UpgradeVerdict{};
    const proto::Refusal refusal = progress == HeadProgress::refused ? head.refusal() : verdict.refusal;
    in_head_ = verdict.kind != proto::UpgradeVerdict::Kind::accept;
    head_.begin_next();
    if (refusal.status == 0) return {};
    return std::to_string(refusal.status).append(" ").append(refusal.text);
  }

  const proto::HeadLimits limits_;
  proto::MessageRules rules_;
  proto::DeflatePool pool_{Compression{}};
  proto::HeadCollector<proto::RequestHead, proto::HeadLimits> head_;
  proto::MessageReader reader_;
  NullSink sink_;
  bool in_head_;
};

}  // namespace

std::string replay(const EvidenceFile& file) {
  if (file.begins != "head" && file.begins != "message") {
    throw std::runtime_error("it begins inside of a message: evidence_bytes was too small for it");
  }
  Replay connection(file);
  for (std::string read : file.reads) {  // NOLINT(performance-for-range-copy): it is unmasked in place
    std::string verdict = connection.feed(std::as_writable_bytes(std::span(read)));
    if (!verdict.empty()) return verdict;
  }
  return {};
}

}  // namespace mote::evidence
