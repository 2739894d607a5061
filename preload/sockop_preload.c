// sockop_preload: makes partial I/O happen every time, to any program, without changing it.
//
//   LD_PRELOAD=./sockop_preload.so ./aws
//
// The kernel may shorten any transfer on a stream, but on a loopback socket it hardly ever does, so
// the loops that must cope with it go untested. This shim asks the kernel for half of what the
// program asked for, in every send, recv and sendfile of more than one byte. A correct program
// produces the same bytes, in more calls.
//
// It invents no bytes and no errors: whatever the kernel answers to the shorter call is the
// program's answer. It does not touch read, write, splice, the calls that take an iovec or an
// address, or kernel AIO. Any thread may call it, and a signal handler too.

// Large-file and fortify defines rename the very functions that are defined here, so they must not
// reach the headers.
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE
#define _GNU_SOURCE
#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/types.h>

// The calls below that no header declares to a program built as this one is.
ssize_t __send(int fd, const void* data, size_t length, int flags);
ssize_t __recv_chk(int fd, void* buffer, size_t length, size_t buffer_size, int flags);

typedef ssize_t SendFunction(int, const void*, size_t, int);
typedef ssize_t RecvFunction(int, void*, size_t, int);
typedef ssize_t RecvChkFunction(int, void*, size_t, size_t, int);
typedef ssize_t SendfileFunction(int, int, off_t*, size_t);
typedef ssize_t Sendfile64Function(int, int, off64_t*, size_t);

static size_t half(size_t length) {
  return length > 1 ? length / 2 : length;
}

// One row per name that a program may call, because each name is resolved for itself. A new fault
// is a new `shorten`; a new call is a new row and a function at the end of this file.
struct Call {
  const char* name;
  size_t (*shorten)(size_t length);
  int whole_flags;  // with any of these the length means more than "at most", so the call is passed
                    // on whole
  _Atomic(void*) real;  // the next definition of `name` after ours; NULL until it is looked up
};

enum { kSend, kSendAlias, kRecv, kRecvChk, kSendfile, kSendfile64, kCallCount };

enum {
  // Of urgent data only the last byte is urgent: half the length would make another byte so.
  kSendWhole = MSG_OOB,
  // A peek consumes nothing, so a program that peeks until it sees n bytes would see n/2 for ever.
  // The error queue
  // hands out messages, and the cut-off part of a message is lost. MSG_WAITALL is not here: a
  // signal may shorten it.
  kRecvWhole = MSG_PEEK | MSG_ERRQUEUE,
};

static struct Call calls[kCallCount] = {
    [kSend] = {"send", half, kSendWhole, NULL}, [kSendAlias] = {"__send", half, kSendWhole, NULL},
    [kRecv] = {"recv", half, kRecvWhole, NULL}, [kRecvChk] = {"__recv_chk", half, kRecvWhole, NULL},
    [kSendfile] = {"sendfile", half, 0, NULL},  [kSendfile64] = {"sendfile64", half, 0, NULL},
};

// Two threads may look the same name up at once: both find the same address, so the order of their
// stores is no matter.
static void* look_up(struct Call* call) {
  int saved_errno = errno;
  void* real = dlsym(RTLD_NEXT, call->name);
  atomic_store_explicit(&call->real, real, memory_order_release);
  errno = saved_errno;
  return real;
}

// dlsym takes locks, and send and recv may be called from a signal handler: so every name is looked
// up before main. A C library may lack one of the names, and then no program calls it.
__attribute__((constructor)) static void look_up_all(void) {
  for (int i = 0; i < kCallCount; i++)
    (void)look_up(&calls[i]);
}

// Returns the function that the program would have reached without us. Constructors of other
// libraries may run before ours, and for their calls the name is looked up on demand.
static void* real_function(struct Call* call) {
  void* real = atomic_load_explicit(&call->real, memory_order_acquire);
  if (real == NULL) real = look_up(call);
  assert(real != NULL);
  return real;
}

// Whether `fd` is a socket that keeps message boundaries: there half a send is another message, and
// half a recv loses the rest of one. Asked anew each time, because a descriptor's number is reused
// behind our back and a cache would lie.
static int keeps_messages(int fd) {
  int saved_errno = errno;
  int type = SOCK_STREAM;
  socklen_t type_size = sizeof type;
  int failed = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size);
  errno = saved_errno;
  return !failed && type != SOCK_STREAM;
}

// The length to ask the kernel for, never 0 unless `length` is: a count of 0 would read as the end
// of the stream.
static size_t allowed_length(const struct Call* call, int fd, size_t length, int flags) {
  size_t shorter = call->shorten(length);
  if (shorter == length || (flags & call->whole_flags) != 0 || keeps_messages(fd)) return length;
  return shorter;
}

static ssize_t shortened_send(struct Call* call, int fd, const void* data, size_t length,
                              int flags) {
  SendFunction* real = (SendFunction*)real_function(call);
  return real(fd, data, allowed_length(call, fd, length, flags), flags);
}

ssize_t send(int fd, const void* data, size_t length, int flags) {
  return shortened_send(&calls[kSend], fd, data, length, flags);
}

// glibc exports send under this name as well.
ssize_t __send(int fd, const void* data, size_t length, int flags) {
  return shortened_send(&calls[kSendAlias], fd, data, length, flags);
}

ssize_t recv(int fd, void* buffer, size_t length, int flags) {
  RecvFunction* real = (RecvFunction*)real_function(&calls[kRecv]);
  return real(fd, buffer, allowed_length(&calls[kRecv], fd, length, flags), flags);
}

// What recv becomes under _FORTIFY_SOURCE. A length beyond the buffer is passed on as it is, for
// the real function to abort on (__chk_fail): half of it might fit, and the shim would hide the
// very overflow that the check should find.
ssize_t __recv_chk(int fd, void* buffer, size_t length, size_t buffer_size, int flags) {
  RecvChkFunction* real = (RecvChkFunction*)real_function(&calls[kRecvChk]);
  if (length <= buffer_size) length = allowed_length(&calls[kRecvChk], fd, length, flags);
  return real(fd, buffer, length, buffer_size, flags);
}

// The receiving end may also be a file or a pipe, which have no message boundaries: there sendfile
// is halved as well.
ssize_t sendfile(int out_fd, int in_fd, off_t* offset, size_t count) {
  SendfileFunction* real = (SendfileFunction*)real_function(&calls[kSendfile]);
  return real(out_fd, in_fd, offset, allowed_length(&calls[kSendfile], out_fd, count, 0));
}

// What sendfile becomes under _FILE_OFFSET_BITS=64.
ssize_t sendfile64(int out_fd, int in_fd, off64_t* offset, size_t count) {
  Sendfile64Function* real = (Sendfile64Function*)real_function(&calls[kSendfile64]);
  return real(out_fd, in_fd, offset, allowed_length(&calls[kSendfile64], out_fd, count, 0));
}
