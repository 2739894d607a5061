// Tracer: prints every step of every connection to stderr, to follow a request.
//
//   #1 ReadingRequest --SocketReady--> OpeningFile
//   #1 OpeningFile --at once--> SendingHead
//   #1 AwaitingDisk --DiskReady--> SendingBody, wants Write
//
// One line is one write(2), so the lines of several loops do not mix.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "loop/session.h"
#include "server/connection_state.h"

namespace aws {

class Tracer {
 public:
  // `cause` is empty where the state was tried at once, `want` where the next one will be.
  void record(std::uint64_t connection, State before, std::optional<Event> cause, State after,
              std::optional<Want> want);

  // A line about a connection's life: "accepted from ::1", "destroyed".
  void note(std::uint64_t connection, std::string_view what);
};

}  // namespace aws
