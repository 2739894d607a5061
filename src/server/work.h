// Work: what a loop's time goes to: kernel calls by their kind, and its own work between them.
#pragma once

#include <cstdint>
#include <string_view>

namespace aws {

enum class Work : std::uint8_t {
  Any,  // nobody told kernel calls apart
  Own,
  Accept,
  Recv,
  Send,
  Sendfile,
  Ioctl,
  Shutdown,
  SetSockOpt,
  OpenAt2,
  OpenAt,
  Fstat,
  ReadLinkAt,
  GetDents,
  FstatAt,
  PreadV2,
  FAdvise,
  Pread,
  FStatFs,
  MemfdCreate,
  Write,
  IoSetup,
  IoSubmit,
  IoGetEvents,
  IoDestroy,
  kCount,
};

// As strace(1) and the manual pages call it: "sendfile", "openat2"; "our own work". Empty for Any.
[[nodiscard]] std::string_view name(Work work);

}  // namespace aws
