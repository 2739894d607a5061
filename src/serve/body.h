// Body: what follows a response's head, and how it gets into the socket.
//
// A body does a bounded amount of work each time it is pumped and returns what it waits for. It
// knows its source and its socket, and nothing of connections, loops or HTTP.
#pragma once

#include <cerrno>
#include <cstdint>
#include <string_view>

#include "os/sys.h"

namespace aws {

enum class Pump : std::uint8_t {
  AwaitSocket,  // pump again when the socket is writable (it may be already: others come first)
  AwaitDisk,    // pump again when the completion has been notified: the data is there
  Done,         // every byte that was promised is in the socket
  Failed,       // the promise can't be kept: close the connection; see failure()
};

enum class Failure : std::uint8_t {
  None,
  PeerClosed,  // the client is gone (EPIPE, ECONNRESET)
  FileShrank,  // the file ended before the announced length: never padded, never waited for
  ReadError,   // EIO and its kin
  NoMemory,    // for an encoder
};

class Body {
 public:
  Body() = default;
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;
  virtual ~Body() = default;

  // Moves what it can, within bounds, into `socket`.
  [[nodiscard]] virtual Pump pump(int socket) = 0;

  // Bytes that the socket took so far: progress, for time-outs and the log.
  [[nodiscard]] std::uint64_t sent() const { return sent_; }

  // Why pump() returned Failed.
  [[nodiscard]] Failure failure() const { return failure_; }

 protected:
  Pump fail(Failure failure) {
    failure_ = failure;
    return Pump::Failed;
  }
  void add_sent(ssize_t bytes) { sent_ += static_cast<std::uint64_t>(bytes); }

 private:
  std::uint64_t sent_ = 0;
  Failure failure_ = Failure::None;
};

// What a failure is, for the log; a literal.
[[nodiscard]] constexpr std::string_view describe(Failure failure) {
  switch (failure) {
    case Failure::None:
      return "nothing";
    case Failure::PeerClosed:
      return "the client left";
    case Failure::FileShrank:
      return "the file shrank while it was served";
    case Failure::ReadError:
      return "the file could not be read";
    case Failure::NoMemory:
      return "no memory to encode it";
  }
  return "";
}

// What pump() makes of an error of send(2) or sendfile(2). The latter tells of the file by these
// three; all others, of which there are many (ETIMEDOUT, EHOSTUNREACH …), say that nobody is there.
[[nodiscard]] inline Failure failure_of_socket(ssize_t error) {
  const bool of_file = error == -EIO || error == -ENOMEM || error == -EINVAL;
  return of_file ? Failure::ReadError : Failure::PeerClosed;
}

}  // namespace aws
