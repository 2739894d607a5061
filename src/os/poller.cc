#include "os/poller.h"

#include <cerrno>
#include <system_error>

namespace aws {
namespace {

int control(int epoll, int operation, int fd, Interest interest, EventSource& source) noexcept {
  epoll_event event{};
  event.events = static_cast<std::uint32_t>(interest);
  event.data.ptr = &source;
  return ::epoll_ctl(epoll, operation, fd, &event) == 0 ? 0 : -errno;
}

}  // namespace

Poller::Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), events_{} {
  if (!epoll_) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

int Poller::add(int fd, Interest interest, EventSource& source) noexcept {
  return control(epoll_.get(), EPOLL_CTL_ADD, fd, interest, source);
}

int Poller::change(int fd, Interest interest, EventSource& source) noexcept {
  return control(epoll_.get(), EPOLL_CTL_MOD, fd, interest, source);
}

void Poller::remove(int fd) noexcept {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

std::span<const epoll_event> Poller::wait(int timeout_ms) noexcept {
  const int count =
      ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), timeout_ms);
  return {events_.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
}

}  // namespace aws
