// Kernel AIO: contexts, submissions, and what completions say.
#include "hook.h"

#include "aio.h"

// libaio's functions, declared without its header: the shim is built and runs without libaio.
int io_setup(int depth, aio_context_t* context);
int io_submit(aio_context_t context, long count, struct iocb** iocbs);
int io_getevents(aio_context_t context, long least, long limit, struct io_event* events,
                 struct timespec* timeout);

// libaio leaves errno alone.
static long told(const struct Fate* fate, int before) {
  long result = fate->result < 0 ? -errno : fate->result;
  errno = before;
  return result;
}

long setup_aio(const struct AioWay* way, unsigned depth, aio_context_t* context) {
  int before = errno;
  struct Fate fate = fate_of_call(kIoSetup, -1);
  return fate.is_told ? told(&fate, before) : way->setup(depth, context);
}

long submit_aio(const struct AioWay* way, aio_context_t context, long count, struct iocb** iocbs) {
  int before = errno;
  struct Fate fate = fate_of_transfer(kIoSubmit, -1, -1, count > 0 ? (size_t)count : 0, 0);
  if (fate.is_told) return told(&fate, before);
  return way->submit(context, count > 0 ? (long)fate.length : count, iocbs);
}

// The iocb is the program's own, and tells whose read or write is done. A poll's result is a set of
// bits, of which there is no half.
static bool is_write(const struct iocb* iocb) {
  return iocb->aio_lio_opcode == IOCB_CMD_PWRITE || iocb->aio_lio_opcode == IOCB_CMD_PWRITEV;
}

static bool is_transfer(const struct iocb* iocb) {
  return iocb->aio_lio_opcode == IOCB_CMD_PREAD || iocb->aio_lio_opcode == IOCB_CMD_PREADV ||
         is_write(iocb);
}

// The bytes have been moved; what is said of them is that they were fewer, or none.
static void change_completion(struct io_event* event) {
  const struct iocb* iocb = (const struct iocb*)event->obj;
  if (iocb == NULL || event->res <= 0 || !is_transfer(iocb)) return;
  struct Fate fate = fate_of(&(struct Asked){.call = kCompletion,
                                             .fd = (int)iocb->aio_fildes,
                                             .other_fd = -1,
                                             .length = (size_t)event->res,
                                             .is_write = is_write(iocb)});
  if (fate.is_told) {
    event->res = fate.result < 0 ? -errno : fate.result;
  } else {
    event->res = (__s64)fate.length;
  }
}

// As many events as are waited for must find room.
long reap_aio(const struct AioWay* way, aio_context_t context, long least, long limit,
              struct io_event* events, struct timespec* timeout) {
  int before = errno;
  bool has_slack = limit > 0 && limit > least;
  struct Fate fate = fate_of_transfer(kIoGetevents, -1, -1, has_slack ? (size_t)limit : 0, 0);
  if (fate.is_told) return told(&fate, before);
  if (has_slack) limit = (long)fate.length > least ? (long)fate.length : least;
  long count = way->events(context, least, limit, events, timeout);
  if (count > 0 && is_watched(kCompletion)) {
    before = errno;
    for (long i = 0; i < count; i++)
      change_completion(&events[i]);
    errno = before;
  }
  return count;
}

// libaio may come to the kernel by syscall(2): what is asked there has been decided here.
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

static long events_by_libaio(aio_context_t context, long least, long limit, struct io_event* events,
                             struct timespec* timeout) {
  in_shim = true;
  long result = REAL(io_getevents)(context, least, limit, events, timeout);
  in_shim = false;
  return result;
}

static const struct AioWay kLibaio = {setup_by_libaio, submit_by_libaio, events_by_libaio};

HOOK int io_setup(int depth, aio_context_t* context) {
  return (int)setup_aio(&kLibaio, (unsigned)depth, context);
}

HOOK int io_submit(aio_context_t context, long count, struct iocb** iocbs) {
  return (int)submit_aio(&kLibaio, context, count, iocbs);
}

HOOK int io_getevents(aio_context_t context, long least, long limit, struct io_event* events,
                      struct timespec* timeout) {
  return (int)reap_aio(&kLibaio, context, least, limit, events, timeout);
}
