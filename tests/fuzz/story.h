#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include <mote/server.h>

#include "tests/fuzz/input.h"
#include "tests/fuzz/kernel.h"
#include "tests/fuzz/visitor.h"

namespace mote::fuzz {

/// What clients and the program do to a server, one thing after the other as the input has it. In the end all clients
/// leave, which the server has to notice; then one more comes, who has to be served; then the server is stopped.
class Story final : public Plot {
 public:
  Story(Input input, Choices& choices) : input_(input), choices_(choices) {}

  void begin(Kernel& kernel, Server& server, ProxyProtocol proxies);
  bool step() override;

  /// Whose connection it is that came from that port; null where nobody's.
  [[nodiscard]] Visitor* visitor_from(std::uint16_t port) const;
  [[nodiscard]] const std::vector<std::unique_ptr<Visitor>>& visitors() const { return visitors_; }
  /// Somebody called stop or drain: the last visitor need not be served.
  void server_ends() { ending_ = true; }
  /// From then on nobody resumes what is paused.
  [[nodiscard]] bool clients_leave() const { return chapter_ != Chapter::input; }

 private:
  enum class Chapter : std::uint8_t { input, leaving, last_visitor, over };

  static constexpr std::size_t kMostVisitors = 8;
  static constexpr std::size_t kMostSaid = 64 * 1024;  // by one
  static constexpr std::int64_t kPatienceMs = 200'000;

  void act();
  void arrive();
  Visitor* somebody(std::uint8_t choice) const;
  void do_as(Visitor& visitor, std::uint8_t what);
  void ask(Visitor& visitor);
  void say(Visitor& visitor, std::string_view bytes);
  void say_frame(Visitor& visitor, unsigned first, std::string_view payload);
  void say_large(Visitor& visitor);
  void say_stored(Visitor& visitor);
  void say_introduction(Visitor& visitor);
  void let_time_pass();
  void program_acts(Visitor& visitor);
  void post(const Visitor& visitor, void (*call)(const Handle&));
  bool leave_all();
  bool send_last_visitor();
  void end_server();

  Input input_;
  Choices& choices_;
  Kernel* kernel_ = nullptr;
  Server* server_ = nullptr;
  ProxyProtocol proxies_ = ProxyProtocol::off;
  Chapter chapter_ = Chapter::input;
  std::int64_t left_at_ms_ = 0;
  bool ending_ = false;
  std::vector<std::unique_ptr<Visitor>> visitors_;
};

}  // namespace mote::fuzz
