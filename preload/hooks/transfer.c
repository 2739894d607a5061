// Calls that transfer bytes between a descriptor and one buffer, or between two descriptors.
#include "hooks/hook.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "decision/descriptors.h"

// No header declares these in a build without _FORTIFY_SOURCE and _FILE_OFFSET_BITS.
ssize_t __send(int fd, const void* data, size_t length, int flags);
ssize_t __recv_chk(int fd, void* buffer, size_t length, size_t buffer_size, int flags);
ssize_t __recvfrom_chk(int fd, void* buffer, size_t length, size_t buffer_size, int flags,
                       struct sockaddr* from, socklen_t* from_size);
ssize_t __read(int fd, void* buffer, size_t length);
ssize_t __read_chk(int fd, void* buffer, size_t length, size_t buffer_size);
ssize_t __write(int fd, const void* data, size_t length);
ssize_t __pread64(int fd, void* buffer, size_t length, off64_t offset);
ssize_t __pread_chk(int fd, void* buffer, size_t length, off_t offset, size_t buffer_size);
ssize_t __pread64_chk(int fd, void* buffer, size_t length, off64_t offset, size_t buffer_size);
ssize_t __pwrite64(int fd, const void* data, size_t length, off64_t offset);

// ---- Sockets

HOOK ssize_t send(int fd, const void* data, size_t length, int flags) {
  struct Decision decision = decide_transfer(kSend, fd, -1, length, flags);
  return decision.is_injected ? decision.result : REAL(send)(fd, data, decision.length, flags);
}

// An alias of send in glibc.
HOOK ssize_t __send(int fd, const void* data, size_t length, int flags) {
  struct Decision decision = decide_transfer(kSend, fd, -1, length, flags);
  return decision.is_injected ? decision.result : REAL(__send)(fd, data, decision.length, flags);
}

HOOK ssize_t sendto(int fd, const void* data, size_t length, int flags, const struct sockaddr* to,
                    socklen_t to_size) {
  struct Decision decision = decide_transfer(kSendto, fd, -1, length, flags);
  return decision.is_injected ? decision.result
                              : REAL(sendto)(fd, data, decision.length, flags, to, to_size);
}

HOOK ssize_t recv(int fd, void* buffer, size_t length, int flags) {
  struct Decision decision = decide_transfer(kRecv, fd, -1, length, flags);
  return decision.is_injected ? decision.result : REAL(recv)(fd, buffer, decision.length, flags);
}

HOOK ssize_t recvfrom(int fd, void* buffer, size_t length, int flags, struct sockaddr* from,
                      socklen_t* from_size) {
  struct Decision decision = decide_transfer(kRecvfrom, fd, -1, length, flags);
  return decision.is_injected ? decision.result
                              : REAL(recvfrom)(fd, buffer, decision.length, flags, from, from_size);
}

// With _FORTIFY_SOURCE, recv becomes this. The real function aborts if the length is greater than
// the buffer (__chk_fail). Such a length is passed unchanged: half of it might fit, and then the
// check would not find the overflow. The other functions that end in _chk do the same.
HOOK ssize_t __recv_chk(int fd, void* buffer, size_t length, size_t buffer_size, int flags) {
  if (length > buffer_size) return REAL(__recv_chk)(fd, buffer, length, buffer_size, flags);
  struct Decision decision = decide_transfer(kRecv, fd, -1, length, flags);
  return decision.is_injected ? decision.result
                              : REAL(__recv_chk)(fd, buffer, decision.length, buffer_size, flags);
}

HOOK ssize_t __recvfrom_chk(int fd, void* buffer, size_t length, size_t buffer_size, int flags,
                            struct sockaddr* from, socklen_t* from_size) {
  struct Decision decision = {.length = length};
  if (length <= buffer_size) decision = decide_transfer(kRecvfrom, fd, -1, length, flags);
  return decision.is_injected ? decision.result
                              : REAL(__recvfrom_chk)(fd, buffer, decision.length, buffer_size,
                                                     flags, from, from_size);
}

// ---- Any descriptor

HOOK ssize_t read(int fd, void* buffer, size_t length) {
  struct Decision decision = decide_transfer(kRead, fd, -1, length, 0);
  return decision.is_injected ? decision.result : REAL(read)(fd, buffer, decision.length);
}

HOOK ssize_t __read(int fd, void* buffer, size_t length) {
  struct Decision decision = decide_transfer(kRead, fd, -1, length, 0);
  return decision.is_injected ? decision.result : REAL(__read)(fd, buffer, decision.length);
}

HOOK ssize_t __read_chk(int fd, void* buffer, size_t length, size_t buffer_size) {
  if (length > buffer_size) return REAL(__read_chk)(fd, buffer, length, buffer_size);
  struct Decision decision = decide_transfer(kRead, fd, -1, length, 0);
  return decision.is_injected ? decision.result
                              : REAL(__read_chk)(fd, buffer, decision.length, buffer_size);
}

HOOK ssize_t write(int fd, const void* data, size_t length) {
  struct Decision decision = decide_transfer(kWrite, fd, -1, length, 0);
  return decision.is_injected ? decision.result : REAL(write)(fd, data, decision.length);
}

HOOK ssize_t __write(int fd, const void* data, size_t length) {
  struct Decision decision = decide_transfer(kWrite, fd, -1, length, 0);
  return decision.is_injected ? decision.result : REAL(__write)(fd, data, decision.length);
}

// ---- Files, at a given offset

HOOK ssize_t pread(int fd, void* buffer, size_t length, off_t offset) {
  struct Decision decision = decide_transfer(kPread, fd, -1, length, 0);
  return decision.is_injected ? decision.result : REAL(pread)(fd, buffer, decision.length, offset);
}

HOOK ssize_t pread64(int fd, void* buffer, size_t length, off64_t offset) {
  struct Decision decision = decide_transfer(kPread, fd, -1, length, 0);
  return decision.is_injected ? decision.result
                              : REAL(pread64)(fd, buffer, decision.length, offset);
}

HOOK ssize_t __pread64(int fd, void* buffer, size_t length, off64_t offset) {
  struct Decision decision = decide_transfer(kPread, fd, -1, length, 0);
  return decision.is_injected ? decision.result
                              : REAL(__pread64)(fd, buffer, decision.length, offset);
}

HOOK ssize_t __pread_chk(int fd, void* buffer, size_t length, off_t offset, size_t buffer_size) {
  if (length > buffer_size) return REAL(__pread_chk)(fd, buffer, length, offset, buffer_size);
  struct Decision decision = decide_transfer(kPread, fd, -1, length, 0);
  return decision.is_injected ? decision.result
                              : REAL(__pread_chk)(fd, buffer, decision.length, offset, buffer_size);
}

HOOK ssize_t __pread64_chk(int fd, void* buffer, size_t length, off64_t offset,
                           size_t buffer_size) {
  if (length > buffer_size) return REAL(__pread64_chk)(fd, buffer, length, offset, buffer_size);
  struct Decision decision = decide_transfer(kPread, fd, -1, length, 0);
  return decision.is_injected
             ? decision.result
             : REAL(__pread64_chk)(fd, buffer, decision.length, offset, buffer_size);
}

HOOK ssize_t pwrite(int fd, const void* data, size_t length, off_t offset) {
  struct Decision decision = decide_transfer(kPwrite, fd, -1, length, 0);
  return decision.is_injected ? decision.result : REAL(pwrite)(fd, data, decision.length, offset);
}

HOOK ssize_t pwrite64(int fd, const void* data, size_t length, off64_t offset) {
  struct Decision decision = decide_transfer(kPwrite, fd, -1, length, 0);
  return decision.is_injected ? decision.result : REAL(pwrite64)(fd, data, decision.length, offset);
}

HOOK ssize_t __pwrite64(int fd, const void* data, size_t length, off64_t offset) {
  struct Decision decision = decide_transfer(kPwrite, fd, -1, length, 0);
  return decision.is_injected ? decision.result
                              : REAL(__pwrite64)(fd, data, decision.length, offset);
}

// ---- Two descriptors

HOOK ssize_t sendfile(int out_fd, int in_fd, off_t* offset, size_t count) {
  struct Decision decision = decide_transfer(kSendfile, out_fd, in_fd, count, 0);
  return decision.is_injected ? decision.result
                              : REAL(sendfile)(out_fd, in_fd, offset, decision.length);
}

// With _FILE_OFFSET_BITS=64, sendfile becomes this.
HOOK ssize_t sendfile64(int out_fd, int in_fd, off64_t* offset, size_t count) {
  struct Decision decision = decide_transfer(kSendfile, out_fd, in_fd, count, 0);
  return decision.is_injected ? decision.result
                              : REAL(sendfile64)(out_fd, in_fd, offset, decision.length);
}

// At least one descriptor is a pipe. The decision is about the other one.
HOOK ssize_t splice(int in_fd, off64_t* in_offset, int out_fd, off64_t* out_offset, size_t length,
                    unsigned flags) {
  struct Decision decision = {.length = length};
  if (is_watched(kSplice)) {
    bool is_out_pipe = (descriptor_traits(out_fd) & kIsPipe) != 0;
    decision = decide_transfer(kSplice, is_out_pipe ? in_fd : out_fd, is_out_pipe ? out_fd : in_fd,
                               length, 0);
  }
  return decision.is_injected
             ? decision.result
             : REAL(splice)(in_fd, in_offset, out_fd, out_offset, decision.length, flags);
}
