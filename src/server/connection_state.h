// The states of an HTTP connection; the table is in http_connection.h.
#pragma once

#include <cstdint>
#include <string_view>

namespace aws {

enum class State : std::uint8_t {
  ReadingRequest,
  OpeningFile,
  SendingHead,
  SendingBody,
  AwaitingDisk,
  Draining,
  Closed,
};

// Its name, for the trace: "ReadingRequest".
[[nodiscard]] std::string_view name(State state);

}  // namespace aws
