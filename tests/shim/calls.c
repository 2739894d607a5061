// Makes one call several times, each time in a state in which the call can do everything it is
// asked for. For each call, prints the result, errno's name, and the duration in milliseconds.
// test_calls.py runs it under plans and builds it twice: plain, and hardened, where many calls have
// other names.
//
//   calls NAME TIMES        (calls list: prints all names)
//
// NAME is a name that the shim defines. A descriptor or an address is printed as 0. The calls that
// prepare the state bypass the shim.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libaio.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { kLength = 1000, kEvents = 4, kTimesLimit = 100, kLarge = 200000 };

// No header declares these.
ssize_t __send(int, const void*, size_t, int);
ssize_t __recv_chk(int, void*, size_t, size_t, int);
ssize_t __recvfrom_chk(int, void*, size_t, size_t, int, struct sockaddr*, socklen_t*);
ssize_t __read(int, void*, size_t);
ssize_t __read_chk(int, void*, size_t, size_t);
ssize_t __write(int, const void*, size_t);
ssize_t __pread64(int, void*, size_t, off64_t);
ssize_t __pread_chk(int, void*, size_t, off_t, size_t);
ssize_t __pread64_chk(int, void*, size_t, off64_t, size_t);
ssize_t __pwrite64(int, const void*, size_t, off64_t);
int __connect(int, const struct sockaddr*, socklen_t);
int __poll(struct pollfd*, nfds_t, int);
int __poll_chk(struct pollfd*, nfds_t, int, size_t);
int __open(const char*, int, ...);
int __open64(const char*, int, ...);
int __open_2(const char*, int);
int __open64_2(const char*, int);
int __openat_2(int, const char*, int);
int __openat64_2(int, const char*, int);
int __fxstat(int, int, struct stat*);
int __fxstat64(int, int, struct stat64*);
int __close(int);

static char buffer[kLength];
static size_t length = kLength;  // not constant: the compiler must not see that it fits
static int flags = O_RDONLY, one = 1;
static int ours, theirs;  // a connection
static int file;          // a memory file of 2 * kLength bytes
static int pipe_in, pipe_out;
static int listener;
static struct sockaddr_in address;  // of the listener
static int epoll;                   // has kEvents ready descriptors
static struct epoll_event ready[kEvents];
static struct pollfd writable;
static nfds_t writable_count = 1;
static struct iovec vector[3];  // kLength bytes together
static struct msghdr message = {.msg_iov = vector, .msg_iovlen = 3};
static struct stat status;
static struct stat64 status64;
static io_context_t context;
static struct iocb reads[kEvents];
static struct iocb* pointers[kEvents];
static struct io_event events[kEvents];
static char blocks[kEvents][kLength];

// The C library's syscall(2), without the shim's hook.
static long (*kernel)(long number, ...);

// ---- Preparations for a call

static void drain(int fd) {
  static char rest[kLength];
  while (kernel(SYS_recvfrom, fd, rest, sizeof rest, MSG_DONTWAIT, NULL, NULL) > 0)
    continue;
}

static void room_to_send(void) {
  drain(theirs);
}

static void bytes_to_receive(void) {
  drain(ours);
  assert(kernel(SYS_sendto, theirs, buffer, sizeof buffer, 0, NULL, 0) == kLength);
}

static void at_start_of_file(void) {
  assert(kernel(SYS_lseek, file, 0, SEEK_SET) == 0);
  room_to_send();
}

static void full_pipe(void) {
  static char rest[kLength];
  room_to_send();
  while (kernel(SYS_read, pipe_out, rest, sizeof rest) > 0)
    continue;
  assert(kernel(SYS_write, pipe_in, buffer, sizeof buffer) == kLength);
}

static int new_socket(void) {
  return (int)kernel(SYS_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
}

static int blocking_socket(void) {
  return (int)kernel(SYS_socket, AF_INET, SOCK_STREAM, 0);
}

static void client_in_line(void) {
  int client = new_socket();
  assert(kernel(SYS_connect, client, &address, sizeof address) == 0 || errno == EINPROGRESS);
}

static void no_reads(void) {
  if (context != NULL) kernel(SYS_io_destroy, context);
  context = NULL;
  assert(kernel(SYS_io_setup, 64, &context) == 0);
}

static void reads_in_flight(void) {
  no_reads();
  for (int i = 0; i < kEvents; i++)
    assert(kernel(SYS_io_submit, context, 1, &pointers[i]) == 1);
}

static void nothing(void) {}

// ---- Calls

static int opened(int fd) {
  return fd < 0 ? fd : 0;
}

static long open_by_syscall(void) {
  struct open_how how = {.flags = O_RDONLY};
  return opened((int)syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof how));
}

// libaio returns -errno; the tests expect errno.
static long from_libaio(long result) {
  if (result >= 0) return result;
  assert(errno == EXFULL);
  errno = (int)-result;
  return -1;
}

static long set_up_aio(int by_libaio) {
  io_context_t other = NULL;
  long result = by_libaio ? from_libaio(io_setup(1, &other)) : syscall(SYS_io_setup, 1, &other);
  if (result == 0) kernel(SYS_io_destroy, other);
  return result;
}

// Returns the result of a completed read of kLength bytes.
static long complete(void) {
  no_reads();
  assert(kernel(SYS_io_submit, context, 1, pointers) == 1);
  assert(io_getevents(context, 1, 1, events, NULL) == 1);
  return from_libaio((long)events[0].res);
}

static long allocate(void) {
  void* volatile memory = malloc(kLarge);
  return memory == NULL ? -1 : 0;
}

// The calls, by the names that the compiler gives them in this build.
static long call_send(void) {
  return send(ours, buffer, length, 0);
}

static long call___send(void) {
  return __send(ours, buffer, length, 0);
}

static long call_sendto(void) {
  return sendto(ours, buffer, length, 0, NULL, 0);
}

static long call_sendmsg(void) {
  return sendmsg(ours, &message, 0);
}

static long call_write(void) {
  return write(ours, buffer, length);
}

static long call___write(void) {
  return __write(ours, buffer, length);
}

static long call_writev(void) {
  return writev(ours, vector, 3);
}

static long call_sendfile(void) {
  return sendfile(ours, file, NULL, length);
}

static long call_sendfile64(void) {
  return sendfile64(ours, file, NULL, length);
}

static long call_splice(void) {
  return splice(pipe_out, NULL, ours, NULL, length, 0);
}

static long call_recv(void) {
  return recv(ours, buffer, length, 0);
}

static long call___recv_chk(void) {
  return __recv_chk(ours, buffer, length, sizeof buffer, 0);
}

static long call_recvfrom(void) {
  return recvfrom(ours, buffer, length, 0, NULL, NULL);
}

static long call___recvfrom_chk(void) {
  return __recvfrom_chk(ours, buffer, length, sizeof buffer, 0, NULL, NULL);
}

static long call_recvmsg(void) {
  return recvmsg(ours, &message, 0);
}

static long call_read(void) {
  return read(ours, buffer, length);
}

static long call___read(void) {
  return __read(ours, buffer, length);
}

static long call___read_chk(void) {
  return __read_chk(ours, buffer, length, sizeof buffer);
}

static long call_readv(void) {
  return readv(ours, vector, 3);
}

static long call_pread(void) {
  return pread(file, buffer, length, 1);
}

static long call_pread64(void) {
  return pread64(file, buffer, length, 1);
}

static long call___pread64(void) {
  return __pread64(file, buffer, length, 1);
}

static long call___pread_chk(void) {
  return __pread_chk(file, buffer, length, 1, sizeof buffer);
}

static long call___pread64_chk(void) {
  return __pread64_chk(file, buffer, length, 1, sizeof buffer);
}

static long call_preadv(void) {
  return preadv(file, vector, 3, 1);
}

static long call_preadv64(void) {
  return preadv64(file, vector, 3, 1);
}

static long call_preadv2(void) {
  return preadv2(file, vector, 3, 1, 0);
}

static long call_preadv64v2(void) {
  return preadv64v2(file, vector, 3, 1, 0);
}

static long call_pwrite(void) {
  return pwrite(file, buffer, length, 1);
}

static long call_pwrite64(void) {
  return pwrite64(file, buffer, length, 1);
}

static long call___pwrite64(void) {
  return __pwrite64(file, buffer, length, 1);
}

static long call_accept(void) {
  return opened(accept(listener, NULL, NULL));
}

static long call_accept4(void) {
  return opened(accept4(listener, NULL, NULL, SOCK_NONBLOCK));
}

static long call_connect(void) {
  return opened(connect(blocking_socket(), (struct sockaddr*)&address, sizeof address));
}

static long call___connect(void) {
  return opened(__connect(blocking_socket(), (struct sockaddr*)&address, sizeof address));
}

static long call_epoll_wait(void) {
  return epoll_wait(epoll, ready, kEvents, 0);
}

static long call_epoll_pwait(void) {
  return epoll_pwait(epoll, ready, kEvents, 0, NULL);
}

static long call_poll(void) {
  return poll(&writable, writable_count, 0);
}

static long call___poll(void) {
  return __poll(&writable, 1, 0);
}

static long call___poll_chk(void) {
  return __poll_chk(&writable, 1, 0, sizeof writable);
}

static long call_open(void) {
  return opened(open("/", flags));
}

static long call_open64(void) {
  return opened(open64("/", flags));
}

static long call___open(void) {
  return opened(__open("/", flags));
}

static long call___open64(void) {
  return opened(__open64("/", flags));
}

static long call___open_2(void) {
  return opened(__open_2("/", flags));
}

static long call___open64_2(void) {
  return opened(__open64_2("/", flags));
}

static long call_openat(void) {
  return opened(openat(AT_FDCWD, "/", flags));
}

static long call_openat64(void) {
  return opened(openat64(AT_FDCWD, "/", flags));
}

static long call___openat_2(void) {
  return opened(__openat_2(AT_FDCWD, "/", flags));
}

static long call___openat64_2(void) {
  return opened(__openat64_2(AT_FDCWD, "/", flags));
}

static long call_openat2(void) {
  return open_by_syscall();
}

static long call_fstat(void) {
  return fstat(file, &status);
}

static long call_fstat64(void) {
  return fstat64(file, &status64);
}

static long call___fxstat(void) {
  return __fxstat(0, file, &status);
}

static long call___fxstat64(void) {
  return __fxstat64(0, file, &status64);
}

static long call_close(void) {
  return close(new_socket());
}

static long call___close(void) {
  return __close(new_socket());
}

static long call_io_setup(void) {
  return set_up_aio(1);
}

static long call_io_submit(void) {
  return from_libaio(io_submit(context, kEvents, pointers));
}

static long call_io_getevents(void) {
  return from_libaio(io_getevents(context, 1, kEvents, events, &(struct timespec){0, 0}));
}

static long call_completion(void) {
  return complete();
}

static long call_syscall_io_setup(void) {
  return set_up_aio(0);
}

static long call_syscall_io_submit(void) {
  return syscall(SYS_io_submit, context, kEvents, pointers);
}

static long call_syscall_io_getevents(void) {
  return syscall(SYS_io_getevents, context, 1, kEvents, events, &(struct timespec){0, 0});
}

static long call_eventfd(void) {
  return opened(eventfd(0, 0));
}

static long call_socket(void) {
  return opened(socket(AF_INET, SOCK_STREAM, 0));
}

static long call_setsockopt(void) {
  return setsockopt(ours, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
}

static long call_malloc(void) {
  return allocate();
}

static const struct {
  const char* name;
  void (*scene)(void);
  long (*call)(void);
} kRows[] = {
    {"send", room_to_send, call_send},
    {"__send", room_to_send, call___send},
    {"sendto", room_to_send, call_sendto},
    {"sendmsg", room_to_send, call_sendmsg},
    {"write", room_to_send, call_write},
    {"__write", room_to_send, call___write},
    {"writev", room_to_send, call_writev},
    {"sendfile", at_start_of_file, call_sendfile},
    {"sendfile64", at_start_of_file, call_sendfile64},
    {"splice", full_pipe, call_splice},
    {"recv", bytes_to_receive, call_recv},
    {"__recv_chk", bytes_to_receive, call___recv_chk},
    {"recvfrom", bytes_to_receive, call_recvfrom},
    {"__recvfrom_chk", bytes_to_receive, call___recvfrom_chk},
    {"recvmsg", bytes_to_receive, call_recvmsg},
    {"read", bytes_to_receive, call_read},
    {"__read", bytes_to_receive, call___read},
    {"__read_chk", bytes_to_receive, call___read_chk},
    {"readv", bytes_to_receive, call_readv},
    {"pread", nothing, call_pread},
    {"pread64", nothing, call_pread64},
    {"__pread64", nothing, call___pread64},
    {"__pread_chk", nothing, call___pread_chk},
    {"__pread64_chk", nothing, call___pread64_chk},
    {"preadv", nothing, call_preadv},
    {"preadv64", nothing, call_preadv64},
    {"preadv2", nothing, call_preadv2},
    {"preadv64v2", nothing, call_preadv64v2},
    {"pwrite", nothing, call_pwrite},
    {"pwrite64", nothing, call_pwrite64},
    {"__pwrite64", nothing, call___pwrite64},
    {"accept", client_in_line, call_accept},
    {"accept4", client_in_line, call_accept4},
    {"connect", nothing, call_connect},
    {"__connect", nothing, call___connect},
    {"epoll_wait", nothing, call_epoll_wait},
    {"epoll_pwait", nothing, call_epoll_pwait},
    {"poll", nothing, call_poll},
    {"__poll", nothing, call___poll},
    {"__poll_chk", nothing, call___poll_chk},
    {"open", nothing, call_open},
    {"open64", nothing, call_open64},
    {"__open", nothing, call___open},
    {"__open64", nothing, call___open64},
    {"__open_2", nothing, call___open_2},
    {"__open64_2", nothing, call___open64_2},
    {"openat", nothing, call_openat},
    {"openat64", nothing, call_openat64},
    {"__openat_2", nothing, call___openat_2},
    {"__openat64_2", nothing, call___openat64_2},
    {"openat2", nothing, call_openat2},
    {"fstat", nothing, call_fstat},
    {"fstat64", nothing, call_fstat64},
    {"__fxstat", nothing, call___fxstat},
    {"__fxstat64", nothing, call___fxstat64},
    {"close", nothing, call_close},
    {"__close", nothing, call___close},
    {"io_setup", nothing, call_io_setup},
    {"io_submit", no_reads, call_io_submit},
    {"io_getevents", reads_in_flight, call_io_getevents},
    {"completion", nothing, call_completion},
    {"syscall_io_setup", nothing, call_syscall_io_setup},
    {"syscall_io_submit", no_reads, call_syscall_io_submit},
    {"syscall_io_getevents", reads_in_flight, call_syscall_io_getevents},
    {"eventfd", nothing, call_eventfd},
    {"socket", nothing, call_socket},
    {"setsockopt", nothing, call_setsockopt},
    {"malloc", nothing, call_malloc},
};

enum { kRowCount = sizeof kRows / sizeof kRows[0] };

// ---- The program

static void make_connection(void) {
  int ends[2];
  assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
  ours = ends[0];
  theirs = ends[1];
  writable = (struct pollfd){.fd = ours, .events = POLLOUT};
}

static void make_listener(void) {
  socklen_t size = sizeof address;
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  listener = new_socket();
  assert(bind(listener, (struct sockaddr*)&address, size) == 0 && listen(listener, 1000) == 0);
  assert(getsockname(listener, (struct sockaddr*)&address, &size) == 0);
}

static void make_files(void) {
  int ends[2];
  file = (int)kernel(SYS_openat, AT_FDCWD, "/tmp", O_TMPFILE | O_RDWR | O_NONBLOCK, 0600);
  assert(file >= 0 && ftruncate(file, 2 * kLength) == 0);
  assert(pipe2(ends, O_NONBLOCK) == 0);
  pipe_out = ends[0];
  pipe_in = ends[1];
}

static void make_events(void) {
  epoll = epoll_create1(0);
  for (int i = 0; i < kEvents; i++) {
    struct epoll_event event = {.events = EPOLLIN};
    int fd = (int)kernel(SYS_eventfd2, 1, 0);
    assert(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
  }
}

static void make_reads(void) {
  for (int i = 0; i < kEvents; i++) {
    io_prep_pread(&reads[i], file, blocks[i], kLength, 0);
    pointers[i] = &reads[i];
  }
}

static void set_up(void) {
  kernel = (long (*)(long, ...))dlsym(dlopen("libc.so.6", RTLD_LAZY), "syscall");
  assert(kernel != NULL);
  assert(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
  make_connection();
  make_listener();
  make_files();
  make_events();
  make_reads();
  vector[0] = (struct iovec){buffer, 300};
  vector[1] = (struct iovec){buffer + 300, 300};
  vector[2] = (struct iovec){buffer + 600, 400};
}

static double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

struct Outcome {
  long result;
  int error;
  double milliseconds;
};

static void make_calls(int row, int times) {
  static struct Outcome outcomes[kTimesLimit];
  for (int i = 0; i < times; i++) {
    kRows[row].scene();
    double begin = now_ms();
    errno = EXFULL;  // untouched
    outcomes[i].result = kRows[row].call();
    outcomes[i].error = errno;
    outcomes[i].milliseconds = now_ms() - begin;
  }
  for (int i = 0; i < times; i++)
    printf("%ld %s %.3f\n", outcomes[i].result,
           outcomes[i].error == EXFULL ? "untouched" : strerrorname_np(outcomes[i].error),
           outcomes[i].milliseconds);
}

int main(int argc, char** argv) {
  int times = argc > 2 ? atoi(argv[2]) : 0;
  assert(times <= kTimesLimit);
  for (int row = 0; argc > 1 && row < kRowCount; row++) {
    if (strcmp(argv[1], "list") == 0) puts(kRows[row].name);
    if (strcmp(argv[1], kRows[row].name) != 0) continue;
    set_up();
    make_calls(row, times);
  }
  return 0;
}
