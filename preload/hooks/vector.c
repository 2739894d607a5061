// Calls that transfer bytes between a descriptor and several buffers.
#include "hooks/hook.h"

#include <limits.h>
#include <sys/socket.h>
#include <sys/uio.h>

// A shortened transfer passes at most this many buffers, because the hook copies them to the stack.
// If there are more, the transfer ends after these, which is a legal short count.
enum { kBuffers = 32 };

static size_t total_of(const struct iovec* buffers, size_t count) {
  size_t total = 0;
  for (size_t i = 0; i < count && i < IOV_MAX; i++)
    total += buffers[i].iov_len;
  return total;
}

// Copies the first buffers, which together hold `length` bytes. Returns their number.
static size_t cut(const struct iovec* buffers, size_t count, size_t length,
                  struct iovec shorter[kBuffers]) {
  size_t used = 0;
  for (; used < count && used < kBuffers && length > 0; used++) {
    shorter[used] = buffers[used];
    if (shorter[used].iov_len > length) shorter[used].iov_len = length;
    length -= shorter[used].iov_len;
  }
  return used;
}

// The arguments of the real call.
struct Vector {
  struct Decision decision;
  const struct iovec* buffers;
  size_t count;
  struct iovec shorter[kBuffers];
};

static void decide_vector(struct Vector* vector, enum Call call, int fd,
                          const struct iovec* buffers, size_t count, int flags) {
  vector->buffers = buffers;
  vector->count = count;
  vector->decision.is_injected = false;
  if (!is_watched(call)) return;
  size_t total = total_of(buffers, count);
  vector->decision = decide_transfer(call, fd, -1, total, flags);
  if (vector->decision.is_injected || vector->decision.length == total) return;
  vector->count = cut(buffers, count, vector->decision.length, vector->shorter);
  vector->buffers = vector->shorter;
}

HOOK ssize_t readv(int fd, const struct iovec* buffers, int count) {
  struct Vector vector;
  decide_vector(&vector, kReadv, fd, buffers, (size_t)count, 0);
  return vector.decision.is_injected ? vector.decision.result
                                     : REAL(readv)(fd, vector.buffers, (int)vector.count);
}

HOOK ssize_t writev(int fd, const struct iovec* buffers, int count) {
  struct Vector vector;
  decide_vector(&vector, kWritev, fd, buffers, (size_t)count, 0);
  return vector.decision.is_injected ? vector.decision.result
                                     : REAL(writev)(fd, vector.buffers, (int)vector.count);
}

HOOK ssize_t preadv(int fd, const struct iovec* buffers, int count, off_t offset) {
  struct Vector vector;
  decide_vector(&vector, kPreadv, fd, buffers, (size_t)count, 0);
  return vector.decision.is_injected ? vector.decision.result
                                     : REAL(preadv)(fd, vector.buffers, (int)vector.count, offset);
}

HOOK ssize_t preadv64(int fd, const struct iovec* buffers, int count, off64_t offset) {
  struct Vector vector;
  decide_vector(&vector, kPreadv, fd, buffers, (size_t)count, 0);
  return vector.decision.is_injected
             ? vector.decision.result
             : REAL(preadv64)(fd, vector.buffers, (int)vector.count, offset);
}

HOOK ssize_t preadv2(int fd, const struct iovec* buffers, int count, off_t offset, int flags) {
  struct Vector vector;
  decide_vector(&vector, kPreadv2, fd, buffers, (size_t)count, 0);
  return vector.decision.is_injected
             ? vector.decision.result
             : REAL(preadv2)(fd, vector.buffers, (int)vector.count, offset, flags);
}

HOOK ssize_t preadv64v2(int fd, const struct iovec* buffers, int count, off64_t offset, int flags) {
  struct Vector vector;
  decide_vector(&vector, kPreadv2, fd, buffers, (size_t)count, 0);
  return vector.decision.is_injected
             ? vector.decision.result
             : REAL(preadv64v2)(fd, vector.buffers, (int)vector.count, offset, flags);
}

HOOK ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  struct Vector vector;
  decide_vector(&vector, kSendmsg, fd, message->msg_iov, message->msg_iovlen, flags);
  if (vector.decision.is_injected) return vector.decision.result;
  struct msghdr shorter = *message;
  shorter.msg_iov = (struct iovec*)vector.buffers;
  shorter.msg_iovlen = vector.count;
  return REAL(sendmsg)(fd, &shorter, flags);
}

HOOK ssize_t recvmsg(int fd, struct msghdr* message, int flags) {
  struct Vector vector;
  decide_vector(&vector, kRecvmsg, fd, message->msg_iov, message->msg_iovlen, flags);
  if (vector.decision.is_injected) return vector.decision.result;
  struct msghdr shorter = *message;
  shorter.msg_iov = (struct iovec*)vector.buffers;
  shorter.msg_iovlen = vector.count;
  ssize_t result = REAL(recvmsg)(fd, &shorter, flags);
  message->msg_namelen = shorter.msg_namelen;
  message->msg_controllen = shorter.msg_controllen;
  message->msg_flags = shorter.msg_flags;
  return result;
}
