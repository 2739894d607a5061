// Calls that move bytes between a descriptor and one buffer, or two descriptors.
#include "hook.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// Those that no header declares to a program built as this one is.
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
  struct Fate fate = fate_of_transfer(kSend, fd, -1, length, flags);
  return fate.is_told ? fate.result : REAL(send)(fd, data, fate.length, flags);
}

// glibc exports send under this name as well.
HOOK ssize_t __send(int fd, const void* data, size_t length, int flags) {
  struct Fate fate = fate_of_transfer(kSend, fd, -1, length, flags);
  return fate.is_told ? fate.result : REAL(__send)(fd, data, fate.length, flags);
}

HOOK ssize_t sendto(int fd, const void* data, size_t length, int flags, const struct sockaddr* to,
                    socklen_t to_size) {
  struct Fate fate = fate_of_transfer(kSendto, fd, -1, length, flags);
  return fate.is_told ? fate.result : REAL(sendto)(fd, data, fate.length, flags, to, to_size);
}

HOOK ssize_t recv(int fd, void* buffer, size_t length, int flags) {
  struct Fate fate = fate_of_transfer(kRecv, fd, -1, length, flags);
  return fate.is_told ? fate.result : REAL(recv)(fd, buffer, fate.length, flags);
}

HOOK ssize_t recvfrom(int fd, void* buffer, size_t length, int flags, struct sockaddr* from,
                      socklen_t* from_size) {
  struct Fate fate = fate_of_transfer(kRecvfrom, fd, -1, length, flags);
  return fate.is_told ? fate.result
                      : REAL(recvfrom)(fd, buffer, fate.length, flags, from, from_size);
}

// What recv becomes under _FORTIFY_SOURCE. A length beyond the buffer is passed on as it is, for
// the real function to abort on (__chk_fail): half of it might fit, and the shim would hide the
// very overflow that the check should find. So with all the names that end in _chk.
HOOK ssize_t __recv_chk(int fd, void* buffer, size_t length, size_t buffer_size, int flags) {
  if (length > buffer_size) return REAL(__recv_chk)(fd, buffer, length, buffer_size, flags);
  struct Fate fate = fate_of_transfer(kRecv, fd, -1, length, flags);
  return fate.is_told ? fate.result : REAL(__recv_chk)(fd, buffer, fate.length, buffer_size, flags);
}

HOOK ssize_t __recvfrom_chk(int fd, void* buffer, size_t length, size_t buffer_size, int flags,
                            struct sockaddr* from, socklen_t* from_size) {
  struct Fate fate = {.length = length};
  if (length <= buffer_size) fate = fate_of_transfer(kRecvfrom, fd, -1, length, flags);
  return fate.is_told
             ? fate.result
             : REAL(__recvfrom_chk)(fd, buffer, fate.length, buffer_size, flags, from, from_size);
}

// ---- Anything that can be read or written

HOOK ssize_t read(int fd, void* buffer, size_t length) {
  struct Fate fate = fate_of_transfer(kRead, fd, -1, length, 0);
  return fate.is_told ? fate.result : REAL(read)(fd, buffer, fate.length);
}

HOOK ssize_t __read(int fd, void* buffer, size_t length) {
  struct Fate fate = fate_of_transfer(kRead, fd, -1, length, 0);
  return fate.is_told ? fate.result : REAL(__read)(fd, buffer, fate.length);
}

HOOK ssize_t __read_chk(int fd, void* buffer, size_t length, size_t buffer_size) {
  if (length > buffer_size) return REAL(__read_chk)(fd, buffer, length, buffer_size);
  struct Fate fate = fate_of_transfer(kRead, fd, -1, length, 0);
  return fate.is_told ? fate.result : REAL(__read_chk)(fd, buffer, fate.length, buffer_size);
}

HOOK ssize_t write(int fd, const void* data, size_t length) {
  struct Fate fate = fate_of_transfer(kWrite, fd, -1, length, 0);
  return fate.is_told ? fate.result : REAL(write)(fd, data, fate.length);
}

HOOK ssize_t __write(int fd, const void* data, size_t length) {
  struct Fate fate = fate_of_transfer(kWrite, fd, -1, length, 0);
  return fate.is_told ? fate.result : REAL(__write)(fd, data, fate.length);
}

// ---- Files, at an offset

HOOK ssize_t pread(int fd, void* buffer, size_t length, off_t offset) {
  struct Fate fate = fate_of_transfer(kPread, fd, -1, length, 0);
  return fate.is_told ? fate.result : REAL(pread)(fd, buffer, fate.length, offset);
}

HOOK ssize_t pread64(int fd, void* buffer, size_t length, off64_t offset) {
  struct Fate fate = fate_of_transfer(kPread, fd, -1, length, 0);
  return fate.is_told ? fate.result : REAL(pread64)(fd, buffer, fate.length, offset);
}

HOOK ssize_t __pread64(int fd, void* buffer, size_t length, off64_t offset) {
  struct Fate fate = fate_of_transfer(kPread, fd, -1, length, 0);
  return fate.is_told ? fate.result : REAL(__pread64)(fd, buffer, fate.length, offset);
}

HOOK ssize_t __pread_chk(int fd, void* buffer, size_t length, off_t offset, size_t buffer_size) {
  if (length > buffer_size) return REAL(__pread_chk)(fd, buffer, length, offset, buffer_size);
  struct Fate fate = fate_of_transfer(kPread, fd, -1, length, 0);
  return fate.is_told ? fate.result
                      : REAL(__pread_chk)(fd, buffer, fate.length, offset, buffer_size);
}

HOOK ssize_t __pread64_chk(int fd, void* buffer, size_t length, off64_t offset,
                           size_t buffer_size) {
  if (length > buffer_size) return REAL(__pread64_chk)(fd, buffer, length, offset, buffer_size);
  struct Fate fate = fate_of_transfer(kPread, fd, -1, length, 0);
  return fate.is_told ? fate.result
                      : REAL(__pread64_chk)(fd, buffer, fate.length, offset, buffer_size);
}

HOOK ssize_t pwrite(int fd, const void* data, size_t length, off_t offset) {
  struct Fate fate = fate_of_transfer(kPwrite, fd, -1, length, 0);
  return fate.is_told ? fate.result : REAL(pwrite)(fd, data, fate.length, offset);
}

HOOK ssize_t pwrite64(int fd, const void* data, size_t length, off64_t offset) {
  struct Fate fate = fate_of_transfer(kPwrite, fd, -1, length, 0);
  return fate.is_told ? fate.result : REAL(pwrite64)(fd, data, fate.length, offset);
}

HOOK ssize_t __pwrite64(int fd, const void* data, size_t length, off64_t offset) {
  struct Fate fate = fate_of_transfer(kPwrite, fd, -1, length, 0);
  return fate.is_told ? fate.result : REAL(__pwrite64)(fd, data, fate.length, offset);
}

// ---- From descriptor to descriptor

HOOK ssize_t sendfile(int out_fd, int in_fd, off_t* offset, size_t count) {
  struct Fate fate = fate_of_transfer(kSendfile, out_fd, in_fd, count, 0);
  return fate.is_told ? fate.result : REAL(sendfile)(out_fd, in_fd, offset, fate.length);
}

// What sendfile becomes under _FILE_OFFSET_BITS=64.
HOOK ssize_t sendfile64(int out_fd, int in_fd, off64_t* offset, size_t count) {
  struct Fate fate = fate_of_transfer(kSendfile, out_fd, in_fd, count, 0);
  return fate.is_told ? fate.result : REAL(sendfile64)(out_fd, in_fd, offset, fate.length);
}

static bool is_pipe(int fd) {
  struct stat status;
  return kernel_call(SYS_newfstatat, (long)fd, "", &status, (long)AT_EMPTY_PATH) == 0 &&
         S_ISFIFO(status.st_mode);
}

// One end is a pipe always, so the other is what the call is about.
HOOK ssize_t splice(int in_fd, off64_t* in_offset, int out_fd, off64_t* out_offset, size_t length,
                    unsigned flags) {
  struct Fate fate = {.length = length};
  if (is_watched(kSplice)) {
    bool is_out_pipe = is_pipe(out_fd);
    fate = fate_of_transfer(kSplice, is_out_pipe ? in_fd : out_fd, is_out_pipe ? out_fd : in_fd,
                            length, 0);
  }
  return fate.is_told ? fate.result
                      : REAL(splice)(in_fd, in_offset, out_fd, out_offset, fate.length, flags);
}
