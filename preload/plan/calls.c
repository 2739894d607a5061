#include "plan/calls.h"

#include <string.h>
#include <sys/socket.h>

#include "plan/glob.h"

enum {
  kMoves = 1u << kHalf | 1u << kMax | 1u << kRate | 1u << kDelay,
  kReceives = kMoves | 1u << kZero,
  kDelays = 1u << kDelay,
  kStream = 1u << kReset | 1u << kAgain,
  kOutStream = kStream | 1u << kPipe,
  kAccepts = 1u << kDelay | 1u << kAgain,
  kCounts = 1u << kHalf | 1u << kMax | 1u << kDelay,  // of iocbs or events

  // Only the last byte of urgent data is urgent, so a shorter send would mark a different byte.
  kSendWhole = MSG_OOB,
  // A peek consumes nothing: a program that peeks until it sees n bytes would see n/2 every time.
  // The error queue returns messages, and a short read loses the rest of a message. MSG_WAITALL is
  // not listed, because a signal may shorten such a transfer.
  kRecvWhole = MSG_PEEK | MSG_ERRQUEUE,
};

// The errors come from the ERRORS section of each manual page; for transfers on sockets also from
// ip(7) and tcp(7). An AIO completion may have the errors of a read or a write.
#define SOCKET_ERRORS                                                        \
  " EAGAIN EWOULDBLOCK EBADF ECONNRESET EFAULT EINTR EINVAL ENOBUFS ENOMEM " \
  "ENOTCONN ENOTSOCK ETIMEDOUT EHOSTUNREACH ENETUNREACH ENETDOWN "
#define SENDING_ERRORS \
  SOCKET_ERRORS "EACCES EALREADY EDESTADDRREQ EISCONN EMSGSIZE EOPNOTSUPP EPIPE "
#define RECEIVING_ERRORS SOCKET_ERRORS "ECONNREFUSED "
#define READ_ERRORS                                                               \
  " EAGAIN EWOULDBLOCK EBADF EFAULT EINTR EINVAL EIO EISDIR ECONNRESET ENOTCONN " \
  "ETIMEDOUT EHOSTUNREACH ENETUNREACH ENOMEM ENOBUFS "
#define WRITE_ERRORS                                                             \
  " EAGAIN EWOULDBLOCK EBADF EDESTADDRREQ EDQUOT EFAULT EFBIG EINTR EINVAL EIO " \
  "ENOSPC EPERM EPIPE ECONNRESET ENOTCONN ETIMEDOUT EHOSTUNREACH ENETUNREACH "   \
  "ENOMEM ENOBUFS "
#define FILE_READ_ERRORS " EAGAIN EBADF EFAULT EINTR EINVAL EIO EISDIR ENXIO EOVERFLOW ESPIPE "
#define FILE_WRITE_ERRORS                                                  \
  " EAGAIN EBADF EDQUOT EFAULT EFBIG EINTR EINVAL EIO ENOSPC EPERM ENXIO " \
  "EOVERFLOW ESPIPE "
#define ACCEPT_ERRORS                                                         \
  " EAGAIN EWOULDBLOCK EBADF ECONNABORTED EFAULT EINTR EINVAL EMFILE ENFILE " \
  "ENOBUFS ENOMEM ENOTSOCK EOPNOTSUPP EPERM EPROTO ENETDOWN ENOPROTOOPT "     \
  "EHOSTDOWN ENONET EHOSTUNREACH ENETUNREACH "
#define OPEN_ERRORS                                                               \
  " EACCES EBADF EBUSY EDQUOT EEXIST EFAULT EFBIG EINTR EINVAL EIO EISDIR ELOOP " \
  "EMFILE ENAMETOOLONG ENFILE ENODEV ENOENT ENOMEM ENOSPC ENOTDIR ENXIO "         \
  "EOPNOTSUPP EOVERFLOW EPERM EROFS ETXTBSY EWOULDBLOCK "

const struct CallTraits kCalls[kCallCount] = {
    [kSend] = {"send", kPerDescriptor, kMoves | kOutStream, SENDING_ERRORS, kSendWhole},
    [kSendto] = {"sendto", kPerDescriptor, kMoves | kOutStream, SENDING_ERRORS, kSendWhole},
    [kSendmsg] = {"sendmsg", kPerDescriptor, kMoves | kOutStream, SENDING_ERRORS, kSendWhole},
    [kWrite] = {"write", kPerDescriptor, kMoves | kOutStream, WRITE_ERRORS, 0},
    [kWritev] = {"writev", kPerDescriptor, kMoves | kOutStream, WRITE_ERRORS, 0},
    [kPwrite] = {"pwrite", kPerDescriptor, kMoves, FILE_WRITE_ERRORS, 0},
    [kSendfile] = {"sendfile", kPerDescriptor, kReceives | kOutStream,
                   " EAGAIN EBADF EFAULT EINTR EINVAL EIO ENOMEM EOVERFLOW ESPIPE EPIPE ECONNRESET "
                   "ENOTCONN ETIMEDOUT EHOSTUNREACH ENETUNREACH ENOBUFS ",
                   0},
    [kSplice] =
        {"splice", kPerDescriptor, kReceives | kOutStream,
         " EAGAIN EBADF EINTR EINVAL EIO ENOMEM ESPIPE EPIPE ECONNRESET ENOTCONN ETIMEDOUT ", 0},
    [kRecv] = {"recv", kPerDescriptor, kReceives | kStream, RECEIVING_ERRORS, kRecvWhole},
    [kRecvfrom] = {"recvfrom", kPerDescriptor, kReceives | kStream, RECEIVING_ERRORS, kRecvWhole},
    [kRecvmsg] = {"recvmsg", kPerDescriptor, kReceives | kStream, RECEIVING_ERRORS, kRecvWhole},
    [kRead] = {"read", kPerDescriptor, kReceives | kStream, READ_ERRORS, 0},
    [kReadv] = {"readv", kPerDescriptor, kReceives | kStream, READ_ERRORS, 0},
    [kPread] = {"pread", kPerDescriptor, kReceives, FILE_READ_ERRORS, 0},
    [kPreadv] = {"preadv", kPerDescriptor, kReceives, FILE_READ_ERRORS, 0},
    [kPreadv2] = {"preadv2", kPerDescriptor, kReceives, FILE_READ_ERRORS "EOPNOTSUPP ", 0},
    [kAccept] = {"accept", kPerProcess, kAccepts, ACCEPT_ERRORS, 0},
    [kAccept4] = {"accept4", kPerProcess, kAccepts, ACCEPT_ERRORS, 0},
    [kConnect] =
        {"connect", kPerProcess, kDelays,
         " EACCES EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EAGAIN EALREADY EBADF ECONNREFUSED "
         "EFAULT EINTR EISCONN ENETUNREACH EHOSTUNREACH ENOTSOCK EPERM EPROTOTYPE "
         "ETIMEDOUT ",
         0},
    [kEpollWait] = {"epoll_wait", kPerProcess, kCounts, " EBADF EFAULT EINTR EINVAL ", 0},
    [kEpollPwait] = {"epoll_pwait", kPerProcess, kCounts, " EBADF EFAULT EINTR EINVAL ", 0},
    [kPoll] = {"poll", kPerProcess, kDelays, " EFAULT EINTR EINVAL ENOMEM ", 0},
    [kOpen] = {"open", kPerProcess, kDelays, OPEN_ERRORS, 0},
    [kOpenat] = {"openat", kPerProcess, kDelays, OPEN_ERRORS, 0},
    [kOpenat2] = {"openat2", kPerProcess, kDelays, OPEN_ERRORS "EAGAIN E2BIG EXDEV ENOSYS ", 0},
    [kFstat] = {"fstat", kPerDescriptor, kDelays, " EBADF EFAULT EIO ENOMEM EOVERFLOW ", 0},
    [kClose] = {"close", kPerDescriptor, kDelays, " EBADF EINTR EIO ENOSPC EDQUOT ", 0},
    [kIoSetup] = {"io_setup", kPerProcess, kDelays, " EAGAIN EFAULT EINVAL ENOMEM ENOSYS ", 0},
    [kIoSubmit] = {"io_submit", kPerProcess, kCounts,
                   " EAGAIN EBADF EFAULT EINVAL ENOSYS EPERM EOPNOTSUPP ", 0},
    [kIoGetevents] = {"io_getevents", kPerProcess, kCounts, " EFAULT EINTR EINVAL ENOSYS ", 0},
    [kCompletion] = {"completion", kPerProcess, 1u << kHalf | 1u << kMax | 1u << kZero,
                     " EIO EAGAIN EINTR ENOMEM ENOSPC EDQUOT EFBIG EOPNOTSUPP EINVAL ", 0},
    [kEventfd] = {"eventfd", kPerProcess, kDelays, " EINVAL EMFILE ENFILE ENODEV ENOMEM ", 0},
    [kSocket] = {"socket", kPerProcess, kDelays,
                 " EACCES EAFNOSUPPORT EINVAL EMFILE ENFILE ENOBUFS ENOMEM EPROTONOSUPPORT ", 0},
    [kSetsockopt] = {"setsockopt", kPerDescriptor, kDelays,
                     " EBADF EFAULT EINVAL ENOPROTOOPT ENOTSOCK ENOMEM ENOBUFS EPERM ", 0},
    [kMalloc] = {"malloc", kPerProcess, kDelays, " ENOMEM ", 0},
};

const char* const kFunctionNames[kFunctionCount] = {
#define FUNCTION(name, call) #name,
#include "hooks/names.def"
#undef FUNCTION
};

static const unsigned char kCallsOfFunctions[kFunctionCount] = {
#define FUNCTION(name, call) call,
#include "hooks/names.def"
#undef FUNCTION
};

bool may_fail_with(enum Call call, const char* name, size_t length) {
  for (const char* at = strchr(kCalls[call].errors, ' '); at[1] != '\0'; at = strchr(at + 1, ' ')) {
    if (strncmp(at + 1, name, length) == 0 && at[1 + length] == ' ') return true;
  }
  return false;
}

static bool equals(const char* name, const char* word, size_t length) {
  return strncmp(name, word, length) == 0 && name[length] == '\0';
}

CallSet calls_named(const char* word, size_t length) {
  if (length == 1 && *word == '*') return set_of(kTransferCount) - 1;
  CallSet found = 0;
  for (int call = 0; call < kCallCount; call++) {
    if (glob_matches(word, length, kCalls[call].name)) found |= set_of((enum Call)call);
  }
  if (found != 0) return found;
  for (int function = 0; function < kFunctionCount; function++) {
    unsigned char call = kCallsOfFunctions[function];
    if (call < kCallCount && equals(kFunctionNames[function], word, length))
      found |= set_of((enum Call)call);
  }
  return found;
}
