#include "net/evidence.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <stdexcept>
#include <utility>

#include "core/log.h"

namespace mote::net {
namespace {

constexpr std::size_t kReadOverhead = 16;            // of its size, in the file
constexpr std::string_view kNone = "; no evidence";  // so short that a string of it needs no memory

std::string_view name_of(Evidence::Before before) {
  switch (before) {
    case Evidence::Before::head:
      return "head";
    case Evidence::Before::message:
      return "message";
    default:
      return "inside";
  }
}

std::string deflate_text(const std::optional<proto::CompressorLimits>& deflate) {
  if (!deflate) return "off";
  return std::to_string(deflate->window_bits) + (deflate->takeover ? " takeover" : " no_takeover");
}

std::string file_name(std::size_t number) {
  std::string digits = std::to_string(number);
  digits.insert(0, 4 - std::min<std::size_t>(digits.size(), 4), '0');
  return "mote-evidence-" + digits;
}

/// Answers an errno, or 0.
int write_all(Descriptor file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file.number(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return written < 0 ? errno : EIO;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return file.close();
}

}  // namespace

Evidence::Evidence(const Options& options) : options_(options) {
  const Descriptor folder(::open(options.evidence_folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.valid()) return;
  const int error = errno;
  throw std::invalid_argument("option evidence_folder: \"" + options.evidence_folder +
                              "\": " + std::string(core::errno_text(error)));
}

void Evidence::heard(const Session& of, std::span<const std::byte> bytes, Before before) noexcept {
  try {
    add(recent_[&of], bytes, before);
  } catch (const std::exception&) {
    recent_.erase(&of);
  }
}

/// What does not fit goes, and so does what then would begin inside of something, if anything is left that does not.
void Evidence::add(Recent& recent, std::span<const std::byte> bytes, Before before) const {
  const std::size_t most = options_.evidence_bytes - std::min(kReadOverhead, options_.evidence_bytes);
  if (bytes.size() > most) {
    bytes = bytes.last(most);
    before = Before::inside;
  }
  auto& reads = recent.reads;
  reads.push_back({std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), before});
  recent.size += bytes.size() + kReadOverhead;
  if (recent.size <= options_.evidence_bytes) return;
  const auto drop_first = [&] {
    recent.size -= reads.front().bytes.size() + kReadOverhead;
    reads.pop_front();
  };
  while (reads.size() > 1 && recent.size > options_.evidence_bytes) drop_first();
  const bool replayable = std::ranges::any_of(reads, [](const Read& r) { return r.before != Before::inside; });
  while (replayable && reads.front().before == Before::inside) drop_first();
}

std::string Evidence::keep(const Session& of, const Case& facts) noexcept {
  try {
    const auto found = recent_.find(&of);
    if (found == recent_.end()) return std::string(kNone);
    const std::string text = text_of(found->second, facts);
    recent_.erase(found);
    return write(text);
  } catch (const std::exception&) {
    return std::string(kNone);
  }
}

std::string Evidence::text_of(const Recent& recent, const Case& facts) const {
  std::string text = "mote evidence 1\n";
  const auto add_line = [&](std::string_view name, std::string_view value) {
    text.append(name).append(": ").append(value).append("\n");
  };
  add_line("peer", facts.peer.to_string());
  add_line("verdict", facts.verdict);
  add_line("begins", name_of(recent.reads.front().before));
  add_line("deflate", deflate_text(facts.deflate));
  add_line("max_request_head_bytes", std::to_string(options_.max_request_head_bytes));
  add_line("max_header_lines", std::to_string(options_.max_header_lines));
  add_line("max_target_bytes", std::to_string(options_.max_target_bytes));
  add_line("max_message_bytes", std::to_string(options_.max_message_bytes));
  add_line("max_fragments", std::to_string(options_.max_fragments));
  for (const Read& read : recent.reads) {
    add_line("read", std::to_string(read.bytes.size()));
    text.append(read.bytes).append("\n");
  }
  return text.append("end\n");
}

/// Only a file that is not there yet: so no process destroys what another has kept, and none is written through a link.
std::string Evidence::write(std::string_view text) {
  for (; next_file_ < options_.evidence_files; ++next_file_) {
    const std::string name = file_name(next_file_);
    const std::string path = options_.evidence_folder + '/' + name;
    std::string good = "; evidence: " + name;  // at once: when the file is there nothing may fail any more
    Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    const bool made = file.valid();
    if (!made && errno == EEXIST) continue;
    const int error = made ? write_all(std::move(file), text) : errno;
    if (error == 0) return good;
    if (made) ::unlink(path.c_str());
    return std::string(kNone).append(": ").append(path).append(": ").append(core::errno_text(error));
  }
  return std::string(kNone).append(": evidence_files are there already");
}

}  // namespace mote::net
