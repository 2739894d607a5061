#include "os/refused_calls.h"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

namespace aws {
namespace {

constexpr int kNoFile = -1;  // an allowed call fails with EBADF

void check(const char* name, long result) {
  if (result >= 0 || !is_refusal(-errno)) return;
  throw std::runtime_error(std::string(name) + " is refused here (" + std::strerror(errno) +
                           "); allow it in the sandbox's profile");
}

}  // namespace

bool is_refusal(long result) noexcept {
  return result == -EPERM || result == -ENOSYS;
}

bool sendfile_is_refused() noexcept {
  return ::sendfile(kNoFile, kNoFile, nullptr, 1) < 0 && is_refusal(-errno);
}

void check_needed_calls() {
  char byte = 0;
  msghdr message{};
  itimerspec never{};
  check("accept4", ::accept4(kNoFile, nullptr, nullptr, 0));
  check("recvfrom", ::recv(kNoFile, &byte, 1, 0));
  check("sendto", ::send(kNoFile, &byte, 1, MSG_NOSIGNAL));
  check("recvmsg", ::recvmsg(kNoFile, &message, 0));
  check("sendmsg", ::sendmsg(kNoFile, &message, MSG_NOSIGNAL));
  check("shutdown", ::shutdown(kNoFile, SHUT_WR));
  check("timerfd_settime", ::timerfd_settime(kNoFile, 0, &never, nullptr));
}

}  // namespace aws
