// Installs a seccomp filter that allows only the calls of this program, makes these calls, and
// prints their results. test_sandbox.py runs it under the shim.
//
//   sandbox HOW OUTSIDE FILE CALL...
//
// HOW: none, prctl, seccomp, syscall-prctl, tsync (a filter for all threads) or strict.
//
// OUTSIDE: kill or errno, for calls that the filter does not allow; or open, which also allows the
// system calls of the shim.
//
// CALL: send, recv and msend (with MSG_NOSIGNAL) on a nonblocking socket with an edge-triggered
// registration; read and write on another socket; accept, and a send on the accepted connection;
// pread on FILE; wait, which reads a byte from standard input. The others transfer 100 bytes.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { kLength = 100, kLimit = 64 };

static int edged, edged_peer, plain, plain_peer, listener, file;
static char bytes[kLength];

// ---- The sandbox

static const int kOwn[] = {SYS_sendto,  SYS_recvfrom, SYS_read,      SYS_write,
                           SYS_accept4, SYS_pread64,  SYS_exit_group};
static const int kOpen[] = {SYS_getpid,       SYS_gettid,    SYS_openat,  SYS_close,
                            SYS_newfstatat,   SYS_nanosleep, SYS_fcntl,   SYS_tgkill,
                            SYS_epoll_ctl,    SYS_shutdown,  SYS_connect, SYS_getsockopt,
                            SYS_clock_gettime};

static struct sock_filter program[3 * kLimit];
static unsigned short length;

static void add(struct sock_filter instruction) {
  program[length++] = instruction;
}

static void allow(int number) {
  add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1));
  add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
}

// Allows writes only to descriptors up to 9. The shim's log has a higher number.
static void forbid_writes_above_9(void) {
  unsigned argument = (unsigned)offsetof(struct seccomp_data, args[0]);
  add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 0, 4));
  add((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, argument));
  add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 9, 1, 0));
  add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
}

static void make_filter(const char* outside) {
  unsigned refusal =
      strcmp(outside, "kill") == 0 ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ERRNO | EPERM;
  add((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                   (unsigned)offsetof(struct seccomp_data, nr)));
  if (strcmp(outside, "kill") == 0) forbid_writes_above_9();
  for (size_t i = 0; i < sizeof kOwn / sizeof kOwn[0]; i++)
    allow(kOwn[i]);
  for (size_t i = 0; strcmp(outside, "open") == 0 && i < sizeof kOpen / sizeof kOpen[0]; i++)
    allow(kOpen[i]);
  add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, refusal));
}

static void enter(const char* how, const char* outside) {
  make_filter(outside);
  struct sock_fprog filter = {.len = length, .filter = program};
  unsigned flags = strcmp(how, "tsync") == 0 ? SECCOMP_FILTER_FLAG_TSYNC : 0;
  long result = 0;
  assert(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  assert(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) == -1 &&
         errno == EFAULT);  // programs probe for seccomp in this way
  if (strcmp(how, "prctl") == 0) {
    result = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
  } else if (strcmp(how, "syscall-prctl") == 0) {
    result = syscall(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0);
  } else if (strcmp(how, "strict") == 0) {
    result = prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
  } else if (strcmp(how, "none") != 0) {
    result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
  }
  assert(result == 0);
}

// ---- Calls

static void pair(int* ours, int* theirs) {
  int ends[2];
  assert(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  *ours = ends[0];
  *theirs = ends[1];
  assert(sendto(*theirs, bytes, sizeof bytes, 0, NULL, 0) == kLength);
  assert(sendto(*theirs, bytes, sizeof bytes, 0, NULL, 0) == kLength);
  assert(sendto(*theirs, bytes, sizeof bytes, 0, NULL, 0) == kLength);
}

static void set_up(const char* path) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t size = sizeof address;
  pair(&edged, &edged_peer);
  pair(&plain, &plain_peer);
  assert(fcntl(edged, F_SETFL, O_NONBLOCK) == 0);
  int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET};
  assert(epoll_ctl(epoll, EPOLL_CTL_ADD, edged, &event) == 0);
  listener = socket(AF_INET, SOCK_STREAM, 0);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  assert(bind(listener, (struct sockaddr*)&address, size) == 0 && listen(listener, 4) == 0);
  assert(getsockname(listener, (struct sockaddr*)&address, &size) == 0);
  int client = socket(AF_INET, SOCK_STREAM, 0);
  assert(connect(client, (struct sockaddr*)&address, size) == 0);
  file = open(path, O_RDONLY);
}

static long call(const char* name) {
  if (strcmp(name, "send") == 0) return send(edged, bytes, kLength, 0);
  if (strcmp(name, "msend") == 0) return send(edged, bytes, kLength, MSG_NOSIGNAL);
  if (strcmp(name, "recv") == 0) return recv(edged, bytes, kLength, 0);
  if (strcmp(name, "read") == 0) return read(plain, bytes, kLength);
  if (strcmp(name, "write") == 0) return write(plain, bytes, kLength);
  if (strcmp(name, "pread") == 0) return pread(file, bytes, kLength, 0);
  if (strcmp(name, "wait") == 0) return read(STDIN_FILENO, bytes, 1);
  int accepted = accept4(listener, NULL, NULL, 0);
  return accepted < 0 ? -1 : send(accepted, bytes, kLength, 0);
}

// printf would allocate memory, which the filter forbids.
static void print(long result) {
  char line[32];
  int size = result < 0 ? snprintf(line, sizeof line, "%s\n", strerrorname_np(errno))
                        : snprintf(line, sizeof line, "%ld\n", result);
  (void)!write(STDOUT_FILENO, line, (size_t)size);
}

int main(int argc, char** argv) {
  assert(argc > 3);
  set_up(argv[3]);
  enter(argv[1], argv[2]);
  for (int i = 4; i < argc; i++)
    print(call(argv[i]));
  if (strcmp(argv[1], "strict") == 0) syscall(SYS_exit, 0);
  return 0;
}
