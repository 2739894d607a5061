#include "server/work.h"

namespace aws {

std::string_view name(Work work) {
  switch (work) {
    case Work::Any:
      return "";
    case Work::Own:
      return "our own work";
    case Work::Accept:
      return "accept4";
    case Work::Recv:
      return "recv";
    case Work::Send:
      return "send";
    case Work::Sendfile:
      return "sendfile";
    case Work::Ioctl:
      return "ioctl";
    case Work::Shutdown:
      return "shutdown";
    case Work::SetSockOpt:
      return "setsockopt";
    case Work::OpenAt2:
      return "openat2";
    case Work::OpenAt:
      return "openat";
    case Work::Fstat:
      return "fstat";
    case Work::ReadLinkAt:
      return "readlinkat";
    case Work::GetDents:
      return "getdents64";
    case Work::FstatAt:
      return "fstatat";
    case Work::PreadV2:
      return "preadv2";
    case Work::FAdvise:
      return "fadvise64";
    case Work::Pread:
      return "pread64";
    case Work::FStatFs:
      return "fstatfs";
    case Work::MemfdCreate:
      return "memfd_create";
    case Work::Write:
      return "write";
    case Work::IoSetup:
      return "io_setup";
    case Work::IoSubmit:
      return "io_submit";
    case Work::IoGetEvents:
      return "io_getevents";
    case Work::IoDestroy:
      return "io_destroy";
    case Work::kCount:
      break;
  }
  return "";
}

}  // namespace aws
