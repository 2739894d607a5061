// What the coursework checker preloads: send is halved; recv gets at most 20 bytes, or half of
// fewer; sendfile is halved above 32 bytes. A request thus takes a dozen recvs, with the end of its
// head in none of them whole.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/types.h>

static size_t half(size_t length) {
  return length > 1 ? length / 2 : length;
}

ssize_t send(int fd, const void* data, size_t length, int flags) {
  ssize_t (*real)(int, const void*, size_t, int) = dlsym(RTLD_NEXT, "send");
  return real(fd, data, half(length), flags);
}

ssize_t recv(int fd, void* buffer, size_t length, int flags) {
  ssize_t (*real)(int, void*, size_t, int) = dlsym(RTLD_NEXT, "recv");
  return real(fd, buffer, length > 20 ? 20 : half(length), flags);
}

ssize_t sendfile(int out_fd, int in_fd, off_t* offset, size_t count) {
  ssize_t (*real)(int, int, off_t*, size_t) = dlsym(RTLD_NEXT, "sendfile");
  return real(out_fd, in_fd, offset, count > 32 ? half(count) : count);
}
