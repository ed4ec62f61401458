#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mote::fault {

/// Where to connect to or listen at.
struct Address {
  enum class Family { unix_socket, ipv4, ipv6 };
  Family family = Family::unix_socket;
  std::string file = {};
  std::uint16_t port = 0;
};

/// A non-blocking socket of the test's own, with all that is to be written and all that was read.
class FarSocket {
 public:
  FarSocket() = default;
  ~FarSocket() { close(); }
  FarSocket(const FarSocket&) = delete;
  FarSocket& operator=(const FarSocket&) = delete;

  static constexpr std::uint32_t kElsewhere = 0x7F000002;

  /// False where nobody listens.
  bool connect(const Address& address);
  /// The same over IPv4, from that address of this machine, in its own byte order.
  bool connect_from(std::uint32_t source, const Address& address);
  void adopt(int descriptor);
  void close();
  void reset();
  void shut_down_writing();
  void write(std::string_view bytes) { outgoing_ += bytes; }
  /// What goes out in one step: a trickle of single bytes, or all.
  void trickle() { most_at_once_ = 1; }
  void stop_reading() { reads_ = false; }
  void read_again() { reads_ = true; }

  /// Writes and reads what can be at once; whether that was anything.
  bool move();
  [[nodiscard]] std::string take_input();
  [[nodiscard]] bool connected() const { return descriptor_ >= 0; }
  /// The other end has ended or reset the connection, and all that came before was read.
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] bool all_written() const { return outgoing_.empty(); }

 private:
  bool connect_socket(const Address& address);
  bool write_some();
  bool read_some();

  int descriptor_ = -1;
  std::string outgoing_;
  std::string incoming_;
  std::size_t most_at_once_ = std::string::npos;
  bool reads_ = true;
  bool ended_ = false;
};

/// A listening one. `port` 0 is replaced with the one that the kernel chose.
class FarListener {
 public:
  static constexpr int kBacklog = 64;

  explicit FarListener(Address address, int backlog = kBacklog);
  ~FarListener();
  FarListener(const FarListener&) = delete;
  FarListener& operator=(const FarListener&) = delete;

  [[nodiscard]] const Address& address() const { return address_; }
  /// A connection that waits, or -1.
  int accept() const;
  /// A socket file that nobody listens on.
  static void leave_file(const Address& address);

 private:
  Address address_;
  int descriptor_;
};

}  // namespace mote::fault
