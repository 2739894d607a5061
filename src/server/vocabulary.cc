#include "server/vocabulary.h"

namespace aws {

std::string_view name(State state) {
  switch (state) {
    case State::ReadingRequest:
      return "ReadingRequest";
    case State::OpeningFile:
      return "OpeningFile";
    case State::SendingHead:
      return "SendingHead";
    case State::SendingBody:
      return "SendingBody";
    case State::AwaitingDisk:
      return "AwaitingDisk";
    case State::Draining:
      return "Draining";
    case State::Closed:
      return "Closed";
  }
  return "";
}

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
    case Want::Disk:
      return "Disk";
    case Want::Close:
      return "Close";
  }
  return "";
}

}  // namespace aws
