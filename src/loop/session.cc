#include "loop/session.h"

#include <utility>

namespace aws {

Session::Session(LoopContext& loop, UniqueFd socket, std::uint64_t id)
    : TimeoutEntry(kNoTimeout, loop.now.monotonic_us),
      socket_(std::move(socket)),
      id_(id),
      loop_(loop) {}

Session::~Session() = default;

std::string_view name(Event event) {
  switch (event) {
    case Event::SocketReady:
      return "SocketReady";
    case Event::DiskReady:
      return "DiskReady";
    case Event::PeerGone:
      return "PeerGone";
    case Event::Timeout:
      return "Timeout";
  }
  return "";
}

std::string_view name(Want want) {
  switch (want) {
    case Want::Read:
      return "Read";
    case Want::Write:
      return "Write";
    case Want::ReadOrWrite:
      return "ReadOrWrite";
    case Want::Disk:
      return "Disk";
    case Want::Close:
      return "Close";
    case Want::HandOver:
      return "HandOver";
  }
  return "";
}

}  // namespace aws
