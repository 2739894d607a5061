// What the whole server shares. One thread, one epoll, one AIO context.
#pragma once

#include <libaio.h>
#include <stdbool.h>

struct Connection;

enum { kPort = 8888, kListenBacklog = 1024, kAioDepth = 1024 };

extern io_context_t aio_context;
extern int aio_eventfd;
extern char root[];  // the document root, resolved

// Gives the listener its interest back after a connection has freed a descriptor.
void resume_accepting(void);

// The epoll events that wake this connection from now on; 0: errors only.
void set_interest(struct Connection* connection, unsigned events);

// Has the loop call resubmit_reads soon: the kernel had no room for a read.
void ask_for_resubmission(void);
