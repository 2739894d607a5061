// Preloaded into a server: what it accepts has a send buffer that is small and stays so, where the
// kernel would let it grow to megabytes. So a server whose client stands still stands near it.
#define _GNU_SOURCE
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int accept4(int listener, struct sockaddr* restrict peer, socklen_t* restrict length, int flags) {
  const int size = 32 * 1024;
  const int fd = (int)syscall(SYS_accept4, listener, peer, length, flags);
  if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
  return fd;
}
