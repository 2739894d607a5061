// The words that a connection and its loop speak with each other.
#pragma once

#include <cstdint>
#include <string_view>

namespace aws {

// What the loop tells a connection.
enum class Event : std::uint8_t { SocketReady, DiskReady, PeerGone, Timeout };

// What a connection waits for next.
enum class Want : std::uint8_t { Read, Write, Disk, Close };

// Where it stands; the table is in connection.h.
enum class State : std::uint8_t {
  ReadingRequest,
  OpeningFile,
  SendingHead,
  SendingBody,
  AwaitingDisk,
  Draining,
  Closed,
};

// What a connection is waiting for, as far as time-outs go. The loop has a limit for each.
enum class Patience : std::uint8_t {
  Greeting,  // accepted, nothing has come
  Idle,      // kept alive between requests
  Request,   // since a request's first byte
  Answer,    // since the client last took a byte
  Disk,      // for the kernel: no limit
  Linger,    // since the answer's end, for the client's
  kCount,
};

// Their names, for the trace: "ReadingRequest", "SocketReady", "Read".
[[nodiscard]] std::string_view name(State state);
[[nodiscard]] std::string_view name(Event event);
[[nodiscard]] std::string_view name(Want want);

}  // namespace aws
