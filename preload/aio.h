// Kernel AIO, whichever way it is called: by libaio's functions or by syscall(2).
//
// Results are -errno, as the kernel's and libaio's are.
#ifndef PRELOAD_AIO_H
#define PRELOAD_AIO_H

#include <linux/aio_abi.h>
#include <time.h>

// How the real call is made.
struct AioWay {
  long (*setup)(unsigned depth, aio_context_t* context);
  long (*submit)(aio_context_t context, long count, struct iocb** iocbs);
  long (*events)(aio_context_t context, long least, long limit, struct io_event* events,
                 struct timespec* timeout);
};

long setup_aio(const struct AioWay* way, unsigned depth, aio_context_t* context);
long submit_aio(const struct AioWay* way, aio_context_t context, long count, struct iocb** iocbs);
long reap_aio(const struct AioWay* way, aio_context_t context, long least, long limit,
              struct io_event* events, struct timespec* timeout);

#endif
