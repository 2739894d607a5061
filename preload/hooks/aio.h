// Kernel AIO, for programs that call libaio and for programs that call syscall(2).
//
// These functions return -errno on failure, as the kernel and libaio do.
#ifndef PRELOAD_HOOKS_AIO_H
#define PRELOAD_HOOKS_AIO_H

#include <linux/aio_abi.h>
#include <time.h>

// The functions that make the real calls.
struct AioCalls {
  long (*setup)(unsigned depth, aio_context_t* context);
  long (*submit)(aio_context_t context, long count, struct iocb** iocbs);
  long (*getevents)(aio_context_t context, long least, long limit, struct io_event* events,
                    struct timespec* timeout);
};

long setup_aio(const struct AioCalls* calls, unsigned depth, aio_context_t* context);
long submit_aio(const struct AioCalls* calls, aio_context_t context, long count,
                struct iocb** iocbs);
long getevents_aio(const struct AioCalls* calls, aio_context_t context, long least, long limit,
                   struct io_event* events, struct timespec* timeout);

#endif
