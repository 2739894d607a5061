// Kernel AIO: contexts, submissions and completions.
#include "hooks/hook.h"

#include "hooks/aio.h"
#include "process/kernel.h"

// The functions of libaio. They are declared here, so that the shim does not depend on libaio.
int io_setup(int depth, aio_context_t* context);
int io_submit(aio_context_t context, long count, struct iocb** iocbs);
int io_getevents(aio_context_t context, long least, long limit, struct io_event* events,
                 struct timespec* timeout);

// libaio does not change errno.
static long injected_result(const struct Decision* decision, int saved_errno) {
  long result = decision->result < 0 ? -errno : decision->result;
  errno = saved_errno;
  return result;
}

long setup_aio(const struct AioCalls* calls, unsigned depth, aio_context_t* context) {
  int saved_errno = errno;
  struct Decision decision = decide_call(kIoSetup, -1);
  if (decision.is_injected) return injected_result(&decision, saved_errno);
  return calls->setup(depth, context);
}

long submit_aio(const struct AioCalls* calls, aio_context_t context, long count,
                struct iocb** iocbs) {
  int saved_errno = errno;
  struct Decision decision = decide_transfer(kIoSubmit, -1, -1, count > 0 ? (size_t)count : 0, 0);
  if (decision.is_injected) return injected_result(&decision, saved_errno);
  return calls->submit(context, count > 0 ? (long)decision.length : count, iocbs);
}

static bool is_write(const struct iocb* iocb) {
  return iocb->aio_lio_opcode == IOCB_CMD_PWRITE || iocb->aio_lio_opcode == IOCB_CMD_PWRITEV;
}

// The result of a poll is a set of bits, which cannot be halved.
static bool is_transfer(const struct iocb* iocb) {
  return iocb->aio_lio_opcode == IOCB_CMD_PREAD || iocb->aio_lio_opcode == IOCB_CMD_PREADV ||
         is_write(iocb);
}

// The transfer is already complete. A fault makes the completion report fewer bytes, or an error.
// The iocb is in the program's memory and identifies the transfer.
static void change_completion(struct io_event* event) {
  const struct iocb* iocb = (const struct iocb*)event->obj;
  if (iocb == NULL || event->res <= 0 || !is_transfer(iocb)) return;
  struct Decision decision = decide(&(struct CallInfo){.call = kCompletion,
                                                       .fd = (int)iocb->aio_fildes,
                                                       .other_fd = -1,
                                                       .length = (size_t)event->res,
                                                       .is_write = is_write(iocb)});
  if (decision.is_injected) {
    event->res = decision.result < 0 ? -errno : decision.result;
  } else {
    event->res = (__s64)decision.length;
  }
}

// The call waits for `least` events, so the limit must not be less.
long getevents_aio(const struct AioCalls* calls, aio_context_t context, long least, long limit,
                   struct io_event* events, struct timespec* timeout) {
  int saved_errno = errno;
  bool can_be_cut = limit > 0 && limit > least;
  struct Decision decision =
      decide_transfer(kIoGetevents, -1, -1, can_be_cut ? (size_t)limit : 0, 0);
  if (decision.is_injected) return injected_result(&decision, saved_errno);
  if (can_be_cut) limit = (long)decision.length > least ? (long)decision.length : least;
  long count = calls->getevents(context, least, limit, events, timeout);
  if (count > 0 && is_watched(kCompletion)) {
    saved_errno = errno;
    for (long i = 0; i < count; i++)
      change_completion(&events[i]);
    errno = saved_errno;
  }
  return count;
}

// libaio may call syscall(2), which has a hook. in_shim keeps that hook from deciding a second
// time.
static long setup_by_libaio(unsigned depth, aio_context_t* context) {
  in_shim = true;
  long result = REAL(io_setup)((int)depth, context);
  in_shim = false;
  return result;
}

static long submit_by_libaio(aio_context_t context, long count, struct iocb** iocbs) {
  in_shim = true;
  long result = REAL(io_submit)(context, count, iocbs);
  in_shim = false;
  return result;
}

static long getevents_by_libaio(aio_context_t context, long least, long limit,
                                struct io_event* events, struct timespec* timeout) {
  in_shim = true;
  long result = REAL(io_getevents)(context, least, limit, events, timeout);
  in_shim = false;
  return result;
}

static const struct AioCalls kLibaio = {setup_by_libaio, submit_by_libaio, getevents_by_libaio};

HOOK int io_setup(int depth, aio_context_t* context) {
  return (int)setup_aio(&kLibaio, (unsigned)depth, context);
}

HOOK int io_submit(aio_context_t context, long count, struct iocb** iocbs) {
  return (int)submit_aio(&kLibaio, context, count, iocbs);
}

HOOK int io_getevents(aio_context_t context, long least, long limit, struct io_event* events,
                      struct timespec* timeout) {
  return (int)getevents_aio(&kLibaio, context, least, limit, events, timeout);
}
