// Makes one call, or copies data in a loop, and prints the results. test_halving.py builds it
// twice: plain, and hardened, where recv and sendfile have other names.
//
//   probe one CALL LENGTH FROM [FLAGS]
//       prints the result, errno's name, and the number of bytes that arrived at the other end
//   probe copy CALL THREADS BYTES
//       prints the number of calls that each thread needed
//
// CALL is send, __send, recv, __recv_chk, sendfile or sendfile64. FROM is the descriptor: one end
// of a socketpair (stream, dgram, seqpacket), a stream without room or data (full, empty, ended), a
// file, or -1 (closed). Must be built without NDEBUG, because the asserts are checks.

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

ssize_t __send(int fd, const void* data, size_t length, int flags);
ssize_t __recv_chk(int fd, void* buffer, size_t length, size_t buffer_size, int flags);

enum { kBufferSize = 65536, kThreadLimit = 64, kUntouchedErrno = EXFULL };

// Returns a memory file of `size` bytes. The period of its pattern is not a power of two, so that
// misplaced bytes are found.
static int patterned_file(size_t size) {
  char* data = malloc(size + 1);
  int fd = memfd_create("probe", MFD_CLOEXEC);
  assert(data != NULL && fd >= 0);
  for (size_t at = 0; at < size; at++)
    data[at] = (char)(at % 251);
  assert(pwrite(fd, data, size, 0) == (ssize_t)size);
  free(data);
  return fd;
}

// Makes the call, by the name that the compiler gives it in this build.
static ssize_t transfer(const char* call, int fd, int file, const char* data, size_t length,
                        int flags) {
  static _Thread_local char buffer[kBufferSize];
  if (strcmp(call, "send") == 0) return send(fd, data, length, flags);
  if (strcmp(call, "__send") == 0) return __send(fd, data, length, flags);
  if (strcmp(call, "recv") == 0) return recv(fd, buffer, length, flags);
  if (strcmp(call, "__recv_chk") == 0) return __recv_chk(fd, buffer, length, sizeof buffer, flags);
  if (strcmp(call, "sendfile") == 0) return sendfile(fd, file, NULL, length);
  if (strcmp(call, "sendfile64") == 0) return sendfile64(fd, file, NULL, length);
  fprintf(stderr, "probe: no call named %s\n", call);
  exit(2);
}

// Sets ends[0] to the descriptor and ends[1] to its peer, both nonblocking.
static void make_ends(const char* from, int ends[2]) {
  int type = strcmp(from, "dgram") == 0       ? SOCK_DGRAM
             : strcmp(from, "seqpacket") == 0 ? SOCK_SEQPACKET
                                              : SOCK_STREAM;
  assert(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, ends) == 0);
  if (strcmp(from, "full") == 0) {
    while (write(ends[0], "", 1) == 1)
      continue;
  } else if (strcmp(from, "ended") == 0) {
    assert(shutdown(ends[1], SHUT_WR) == 0);
  } else if (strcmp(from, "file") == 0) {
    ends[0] = patterned_file(0);
  } else if (strcmp(from, "closed") == 0) {
    ends[0] = -1;
  }
}

static int one(const char* call, size_t length, const char* from, int flags) {
  static char data[2 * kBufferSize], rest[2 * kBufferSize];
  int ends[2];
  make_ends(from, ends);
  int receives = strcmp(call, "recv") == 0 || strcmp(call, "__recv_chk") == 0;
  int has_input =
      strcmp(from, "stream") == 0 || strcmp(from, "dgram") == 0 || strcmp(from, "seqpacket") == 0;
  ssize_t input = length > 0 ? (ssize_t)length : 1;
  if (receives && has_input) assert(write(ends[1], data, (size_t)input) == input);
  // For "ended" and "empty" the file is empty too, so that sendfile reaches its end as recv does.
  int file =
      patterned_file(strcmp(from, "ended") == 0 || strcmp(from, "empty") == 0 ? 0 : sizeof data);

  errno = kUntouchedErrno;
  ssize_t result = transfer(call, ends[0], file, data, length, flags);
  const char* error = errno == kUntouchedErrno ? "untouched" : strerrorname_np(errno);
  ssize_t arrived = receives ? 0 : read(ends[1], rest, sizeof rest);
  printf("%zd %s %zd\n", result, error, arrived < 0 ? 0 : arrived);
  return 0;
}

struct Copy {
  const char* call;
  size_t size;
  int ends[2];
  int source;  // the data that is sent and compared
  long calls;  // of the sender
};

static void* send_all(void* argument) {
  struct Copy* copy = argument;
  char* data = mmap(NULL, copy->size, PROT_READ, MAP_SHARED, copy->source, 0);
  assert(data != MAP_FAILED);
  for (size_t sent = 0; sent < copy->size; copy->calls++) {
    ssize_t result =
        transfer(copy->call, copy->ends[0], copy->source, data + sent, copy->size - sent, 0);
    assert(result > 0);
    sent += (size_t)result;
  }
  assert(munmap(data, copy->size) == 0 && close(copy->ends[0]) == 0);
  return NULL;
}

static void* receive_all(void* argument) {
  struct Copy* copy = argument;
  char got[4096], wanted[4096];
  size_t received = 0;
  for (ssize_t result; (result = recv(copy->ends[1], got, sizeof got, 0)) != 0;
       received += (size_t)result) {
    assert(result > 0 && pread(copy->source, wanted, (size_t)result, (off_t)received) == result);
    assert(memcmp(got, wanted, (size_t)result) == 0);
  }
  assert(received == copy->size);
  return NULL;
}

// Each copy has two threads, and all run at the same time.
static int copy_all(const char* call, int count, size_t size) {
  static struct Copy copies[kThreadLimit];
  static pthread_t senders[kThreadLimit], receivers[kThreadLimit];
  assert(count > 0 && count <= kThreadLimit);
  for (int i = 0; i < count; i++) {
    copies[i] = (struct Copy){.call = call, .size = size, .source = patterned_file(size)};
    assert(socketpair(AF_UNIX, SOCK_STREAM, 0, copies[i].ends) == 0);
  }
  for (int i = 0; i < count; i++) {
    assert(pthread_create(&senders[i], NULL, send_all, &copies[i]) == 0);
    assert(pthread_create(&receivers[i], NULL, receive_all, &copies[i]) == 0);
  }
  for (int i = 0; i < count; i++) {
    assert(pthread_join(senders[i], NULL) == 0 && pthread_join(receivers[i], NULL) == 0);
    printf("%ld\n", copies[i].calls);
  }
  return 0;
}

int main(int argc, char** argv) {
  if (argc >= 5 && strcmp(argv[1], "one") == 0)
    return one(argv[2], strtoul(argv[3], NULL, 10), argv[4],
               argc > 5 ? (int)strtol(argv[5], NULL, 0) : 0);
  if (argc == 5 && strcmp(argv[1], "copy") == 0)
    return copy_all(argv[2], atoi(argv[3]), strtoul(argv[4], NULL, 10));
  fprintf(stderr, "usage: probe one CALL LENGTH FROM [FLAGS] | copy CALL THREADS BYTES\n");
  return 2;
}
