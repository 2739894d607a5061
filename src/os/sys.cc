#include "os/sys.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/openat2.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "os/refused_calls.h"

namespace aws {
namespace {

// Repeats `call` while a signal interrupts it; turns -1 into -errno.
template <typename Call>
auto retried(Call call) noexcept -> decltype(call()) {
  for (;;) {
    const auto result = call();
    if (result >= 0) return result;
    if (errno != EINTR) return static_cast<decltype(call())>(-errno);
  }
}

// Room for one in_pktinfo or in6_pktinfo (ip(7), ipv6(7)).
constexpr std::size_t kControlSize = CMSG_SPACE(sizeof(in6_pktinfo));

LocalAddress destination_of(msghdr& message) noexcept {
  LocalAddress to;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(part), sizeof(info));
      to.family = AF_INET;
      std::memcpy(&to.address, &info.ipi_addr, sizeof(info.ipi_addr));
    } else if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(part), sizeof(info));
      to.family = AF_INET6;
      to.address = info.ipi6_addr;
    }
  }
  return to;
}

template <typename Info>
std::size_t append_part(msghdr& message, int level, int type, const Info& info) noexcept {
  auto* const part = static_cast<cmsghdr*>(message.msg_control);
  part->cmsg_level = level;
  part->cmsg_type = type;
  part->cmsg_len = CMSG_LEN(sizeof(info));
  std::memcpy(CMSG_DATA(part), &info, sizeof(info));
  return CMSG_SPACE(sizeof(info));
}

// Writes the source address into the message's control data. Returns the size of that.
std::size_t append_source(const LocalAddress& from, msghdr& message) noexcept {
  switch (from.family) {
    case AF_INET: {
      in_pktinfo info{};
      std::memcpy(&info.ipi_spec_dst, &from.address, sizeof(info.ipi_spec_dst));
      return append_part(message, IPPROTO_IP, IP_PKTINFO, info);
    }
    case AF_INET6: {
      in6_pktinfo info{};
      info.ipi6_addr = from.address;
      return append_part(message, IPPROTO_IPV6, IPV6_PKTINFO, info);
    }
    default:
      return 0;
  }
}

timespec read_clock(clockid_t clock) noexcept {
  timespec time{};
  ::clock_gettime(clock, &time);
  return time;
}

// openat2(2).
int open_resolved(int directory, const char* path, int flags, std::uint64_t resolve) noexcept {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags);
  how.resolve = resolve;
  return static_cast<int>(
      retried([&] { return ::syscall(SYS_openat2, directory, path, &how, sizeof(how)); }));
}

}  // namespace

std::string_view name(SysCall call) {
  switch (call) {
#define SYS_CALL(kind, result, name, parameters, arguments, traced_as) \
  case SysCall::kind:                                                  \
    return traced_as;
#include "os/sys_calls.def"
    case SysCall::kCount:
      break;
  }
  return "";
}

int Sys::accept(int listener, sockaddr_storage& peer) noexcept {
  return retried([&] {
    socklen_t size = sizeof(peer);
    return ::accept4(listener, reinterpret_cast<sockaddr*>(&peer), &size,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);
  });
}

ssize_t Sys::recv(int socket, std::span<char> into) noexcept {
  return retried([&] { return ::recv(socket, into.data(), into.size(), 0); });
}

ssize_t Sys::send(int socket, std::string_view bytes, bool more) noexcept {
  const int flags = MSG_NOSIGNAL | (more ? MSG_MORE : 0);
  return retried([&] { return ::send(socket, bytes.data(), bytes.size(), flags); });
}

ssize_t Sys::sendfile(int socket, int file, off_t offset, std::size_t length) noexcept {
  return retried([&] {
    off_t position = offset;
    return ::sendfile(socket, file, &position, length);
  });
}

void Sys::defer_accept(int listener, bool on) noexcept {
  const int seconds = on ? 1 : 0;
  ::setsockopt(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof(seconds));
}

void Sys::cork(int socket, bool on) noexcept {
  const int value = on ? 1 : 0;
  ::setsockopt(socket, IPPROTO_TCP, TCP_CORK, &value, sizeof(value));
}

int Sys::unread_by_peer(int socket) noexcept {
  int bytes = 0;
  return ::ioctl(socket, SIOCOUTQ, &bytes) == 0 ? bytes : -errno;
}

int Sys::shutdown_write(int socket) noexcept {
  return retried([&] { return ::shutdown(socket, SHUT_WR); });
}

void Sys::reset_on_close(int socket) noexcept {
  const linger at_once{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

int Sys::socket_error(int socket) noexcept {
  int error = 0;
  socklen_t size = sizeof(error);
  const int result = ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
  return result == 0 ? -error : -errno;
}

ssize_t Sys::receive_datagram(int socket, std::span<char> into, sockaddr_storage& from,
                              LocalAddress& to) noexcept {
  iovec bytes{into.data(), into.size()};
  alignas(cmsghdr) std::array<char, kControlSize> control{};
  msghdr message{};
  message.msg_name = &from;
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  const ssize_t size = retried([&] {
    message.msg_namelen = sizeof(from);
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    return ::recvmsg(socket, &message, 0);
  });
  to = size < 0 ? LocalAddress{} : destination_of(message);
  return size;
}

ssize_t Sys::send_datagram(int socket, std::string_view bytes, const sockaddr_storage& to,
                           const LocalAddress& from) noexcept {
  iovec whole{const_cast<char*>(bytes.data()), bytes.size()};  // sendmsg(2) does not write to it
  alignas(cmsghdr) std::array<char, kControlSize> control{};
  msghdr message{};
  message.msg_name = const_cast<sockaddr_storage*>(&to);
  message.msg_namelen = to.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  message.msg_iov = &whole;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = append_source(from, message);
  return retried([&] { return ::sendmsg(socket, &message, MSG_NOSIGNAL); });
}

int Sys::open_beneath(int directory, const char* path, int flags, bool cached_only) noexcept {
  const std::uint64_t cached = cached_only ? RESOLVE_CACHED : 0;
  return open_resolved(directory, path, flags, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | cached);
}

int Sys::open_directory(int base, const char* path, bool cached_only) noexcept {
  constexpr int kFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  if (!cached_only) return open_at(base, path, kFlags);
  return open_resolved(base, path, kFlags, RESOLVE_CACHED);
}

int Sys::reopen_direct(int file) noexcept {
  std::array<char, 32> name{};
  fmt::format_to_n(name.data(), name.size() - 1, "/proc/self/fd/{}", file);
  return open_at(AT_FDCWD, name.data(), O_RDONLY | O_DIRECT | O_NONBLOCK | O_CLOEXEC);
}

int Sys::open_at(int directory, const char* name, int flags) noexcept {
  return retried([&] { return ::openat(directory, name, flags); });
}

int Sys::fstat(int file, struct stat& status) noexcept {
  return retried([&] { return ::fstat(file, &status); });
}

ssize_t Sys::readlink_at(int directory, const char* name, std::span<char> into) noexcept {
  return retried([&] { return ::readlinkat(directory, name, into.data(), into.size()); });
}

ssize_t Sys::read_folder(int folder, std::span<char> into) noexcept {
  return retried([&] { return ::getdents64(folder, into.data(), into.size()); });
}

int Sys::stat_at(int folder, const char* name, struct stat& status) noexcept {
  return retried([&] { return ::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW); });
}

ssize_t Sys::probe(int file, off_t offset) noexcept {
  return retried([&] {
    char byte = 0;
    const iovec into{&byte, 1};
    return ::preadv2(file, &into, 1, offset, RWF_NOWAIT);
  });
}

int Sys::read_ahead(int file, off_t offset, std::size_t length) noexcept {
  return -::posix_fadvise(file, offset, static_cast<off_t>(length), POSIX_FADV_WILLNEED);
}

ssize_t Sys::pread(int file, std::span<char> into, off_t offset) noexcept {
  return retried([&] { return ::pread(file, into.data(), into.size(), offset); });
}

std::int64_t Sys::file_system_of(int file) noexcept {
  struct statfs status {};
  const int result = retried([&] { return ::fstatfs(file, &status); });
  return result < 0 ? result : std::int64_t{status.f_type};
}

int Sys::memory_file() noexcept {
  return retried([&] { return ::memfd_create("aws", MFD_CLOEXEC); });
}

ssize_t Sys::write(int file, std::string_view bytes) noexcept {
  return retried([&] { return ::write(file, bytes.data(), bytes.size()); });
}

int Sys::aio_setup(int depth, io_context_t& context) noexcept {
  context = nullptr;  // io_setup(2) insists on it
  int result = ::io_setup(depth, &context);
  if (result < 0) return result;
  result = ::io_submit(context, 0, nullptr);
  if (!is_refusal(result)) result = ::io_getevents(context, 0, 0, nullptr, nullptr);
  if (!is_refusal(result)) return 0;
  ::io_destroy(context);
  context = nullptr;
  return result;
}

int Sys::aio_submit(io_context_t context, std::span<iocb*> reads) noexcept {
  return ::io_submit(context, static_cast<long>(reads.size()), reads.data());
}

int Sys::aio_events(io_context_t context, long at_least, std::span<io_event> into) noexcept {
  timespec no_wait{};
  for (;;) {
    const int count = ::io_getevents(context, at_least, static_cast<long>(into.size()), into.data(),
                                     at_least > 0 ? nullptr : &no_wait);
    if (count != -EINTR) return count;
  }
}

void Sys::aio_destroy(io_context_t context) noexcept {
  ::io_destroy(context);
}

Moment Sys::now() noexcept {
  const timespec wall = read_clock(CLOCK_REALTIME);
  return {monotonic_us(), wall.tv_sec, wall.tv_nsec};
}

std::int64_t Sys::monotonic_us() noexcept {
  const timespec time = read_clock(CLOCK_MONOTONIC);
  return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1'000;
}

}  // namespace aws
