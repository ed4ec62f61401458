#pragma once

#include <mote/mote.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

// What interop_server and interop_client share: the other end, a program that is not mote's, commands them. These text
// messages are commands; every other message goes back as it is:
//
//     close [CODE [REASON]]   ping PAYLOAD   info   big BYTES   abort   throw
//
// A line on standard output tells of each ping, each pong and each end: "closed CODE clean|unclean BY REASON".
namespace interop {

/// A line on standard output, at once.
void print(const std::string& line);
std::string text_of(std::span<const std::byte> bytes);
/// The first word, and what follows the space behind it.
std::pair<std::string_view, std::string_view> split(std::string_view text);
/// The callbacks of a connection that the other end commands.
mote::Handlers commanded();

}  // namespace interop
