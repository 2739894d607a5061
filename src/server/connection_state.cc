#include "server/connection_state.h"

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

}  // namespace aws
