#include "proto/violation.h"

#include <array>
#include <cstddef>

#include <mote/close.h>

namespace mote::proto {
namespace {

using namespace close_code;

// In the order of the enumeration. A text fits into a Close frame: at most 123 bytes.
constexpr std::array kTable = {
    ViolationInfo{0, false, "no violation"},
    ViolationInfo{protocol_error, false, "reserved bit set without an extension (RFC 6455 5.2)"},
    ViolationInfo{protocol_error, false, "RSV1 on a control frame or a continuation (RFC 7692 6)"},
    ViolationInfo{protocol_error, false, "unknown opcode (RFC 6455 5.2)"},
    ViolationInfo{protocol_error, false, "frame from a client is not masked (RFC 6455 5.1)"},
    ViolationInfo{protocol_error, false, "frame from a server is masked (RFC 6455 5.1)"},
    ViolationInfo{protocol_error, false, "payload length is not in its shortest form (RFC 6455 5.2)"},
    ViolationInfo{protocol_error, false, "payload length has its highest bit set (RFC 6455 5.2)"},
    ViolationInfo{protocol_error, false, "control frame of more than 125 bytes (RFC 6455 5.5)"},
    ViolationInfo{protocol_error, false, "fragmented control frame (RFC 6455 5.5)"},
    ViolationInfo{protocol_error, false, "continuation frame without a message to continue (RFC 6455 5.4)"},
    ViolationInfo{protocol_error, false, "new message inside a fragmented one (RFC 6455 5.4)"},
    ViolationInfo{protocol_error, false, "Close frame with one byte of payload (RFC 6455 5.5.1)"},
    ViolationInfo{protocol_error, false, "Close frame with a code that may not be sent (RFC 6455 7.4)"},
    ViolationInfo{invalid_payload, false, "reason of a Close frame is not UTF-8 (RFC 6455 5.5.1)"},
    ViolationInfo{invalid_payload, false, "text message is not UTF-8 (RFC 6455 8.1)"},
    ViolationInfo{invalid_payload, false, "compressed message is no DEFLATE data (RFC 7692 7.2.2)"},
    ViolationInfo{message_too_big, true, "message is larger than the limit (RFC 6455 10.4)"},
    ViolationInfo{policy_violation, true, "message has more fragments than the limit (RFC 6455 10.4)"},
};
static_assert(kTable.size() == static_cast<std::size_t>(Violation::too_many_fragments) + 1);

}  // namespace

const ViolationInfo& info_of(Violation violation) { return kTable[static_cast<std::size_t>(violation)]; }

}  // namespace mote::proto
