// Brings the answer to the client: the head by send, static files by sendfile, dynamic ones by AIO
// and send.
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "aws.h"
#include "connection.h"
#include "faults.h"

enum { kEventsAtATime = 64 };

static struct Connection* waiting;  // reads that the kernel had no room for

// Whether the call should be made again later; a connection that cannot be served any more is
// closed.
static bool must_wait(struct Connection* connection) {
  if (errno == EAGAIN || errno == EINTR) {
    set_interest(connection, EPOLLOUT);
    return true;
  }
  close_connection(connection);
  return false;
}

static void begin_body(struct Connection* connection) {
  if (FAULT(EMPTY_HANGS) && connection->file >= 0 && connection->size == 0) return;
  if (connection->size == 0 && FAULT(UNFRAMED_404) && connection->file < 0) {
    set_interest(connection, EPOLLIN);
    connection->state = kDraining;
  } else if (connection->size == 0 ||
             (FAULT(ONE_BUFFER_IS_EMPTY) && connection->size == kBlockSize)) {
    begin_draining(connection);
  } else if (connection->dynamic) {
    read_block(connection);
  } else {
    connection->state = kSendingStatic;
    if (FAULT(STATIC_BLOCKS)) fcntl(connection->fd, F_SETFL, 0);
    send_static(connection);
  }
}

void send_head(struct Connection* connection) {
  while (connection->head_sent < connection->head_length) {
    ssize_t count = send(connection->fd, connection->head + connection->head_sent,
                         connection->head_length - connection->head_sent, MSG_NOSIGNAL);
    if (count < 0) {
      must_wait(connection);
      return;
    }
    connection->head_sent += (size_t)count;
  }
  begin_body(connection);
}

// The same without sendfile: a read and a send. Returns what sendfile would.
static ssize_t send_from_file(struct Connection* connection, size_t length) {
  char copy[kBlockSize];
  ssize_t count = pread(connection->file, copy, length < sizeof copy ? length : sizeof copy,
                        connection->offset);
  if (count <= 0) return count;
  count = send(connection->fd, copy, (size_t)count, MSG_NOSIGNAL);
  if (count > 0) connection->offset += count;
  return count;
}

void send_static(struct Connection* connection) {
  while (connection->offset < connection->size) {
    size_t left = (size_t)(connection->size - connection->offset);
    if (FAULT(WRONG_STATIC_BYTE) && connection->offset > (1 << 20) && left > 4) {
      send(connection->fd, "X", 1, MSG_NOSIGNAL);
      connection->offset++;
      left--;
    }
    ssize_t count = FAULT(STATIC_BY_SEND) && connection->file >= 0  // so that sendfile stays linked
                        ? send_from_file(connection, left)
                        : sendfile(connection->fd, connection->file, &connection->offset, left);
    if (count < 0) {
      must_wait(connection);
      return;
    }
    if (count == 0 && !FAULT(SHRUNK_SPINS)) {  // the file has become shorter than it was
      close_connection(connection);
      return;
    }
    if (FAULT(SENDFILE_ONCE)) break;
  }
  begin_draining(connection);
}

static void block_is_read(struct Connection* connection, long result) {
  if (result < 0 || (result == 0 && !FAULT(SHRUNK_PADS))) {
    close_connection(connection);
    return;
  }
  size_t asked = connection->iocb.u.c.nbytes;
  connection->block_length = result == 0 ? asked : (size_t)result;
  connection->block_sent = 0;
  connection->offset += (off_t)connection->block_length;
  if (FAULT(SHORT_READ_IS_THE_END) && connection->block_length < asked) connection->size = 0;
  if (FAULT(WRONG_DYNAMIC_BYTE) && connection->offset > (1 << 20)) connection->block[0]++;
  connection->state = kSendingBlock;
  send_block(connection);
}

// The fault of a server that reads dynamic files like any others, or waits for its asynchronous
// reads.
static void read_block_at_once(struct Connection* connection) {
  struct io_event event = {0};
  struct iocb* iocb = &connection->iocb;
  if (FAULT(DYNAMIC_BY_READ)) {
    event.res = (unsigned long)pread(connection->file, connection->block, iocb->u.c.nbytes,
                                     connection->offset);
  } else {
    while (io_submit(aio_context, 1, &iocb) != 1)
      continue;
    while (io_getevents(aio_context, 1, 1, &event, NULL) == -EINTR)
      continue;
  }
  block_is_read(connection, (long)event.res);
}

static void submit(struct Connection* connection) {
  struct iocb* iocb = &connection->iocb;
  int result = io_submit(aio_context, 1, &iocb);
  if (result == 1) {
    connection->in_flight = true;
  } else if ((result == -EAGAIN && !FAULT(SUBMIT_AGAIN_IS_FATAL)) || result == 0) {
    connection->in_flight = true;  // it must not be freed while it waits
    connection->next_waiting = waiting;
    waiting = connection;
    ask_for_resubmission();
  } else {
    close_connection(connection);
  }
}

void resubmit_reads(void) {
  struct Connection* next = waiting;
  waiting = NULL;
  while (next != NULL) {
    struct Connection* connection = next;
    next = connection->next_waiting;
    connection->in_flight = false;
    if (connection->gone) {
      release_gone(connection);
    } else {
      submit(connection);
    }
  }
}

void read_block(struct Connection* connection) {
  size_t left = (size_t)(connection->size - connection->offset);
  io_prep_pread(&connection->iocb, connection->file, connection->block,
                left < kBlockSize ? left : kBlockSize, connection->offset);
  connection->state = kReadingBlock;
  if (FAULT(DYNAMIC_BY_READ) || FAULT(WAITS_FOR_AIO)) {
    read_block_at_once(connection);
    return;
  }
  if (!FAULT(NO_EVENTFD)) io_set_eventfd(&connection->iocb, aio_eventfd);
  set_interest(connection, 0);
  submit(connection);
}

void send_block(struct Connection* connection) {
  while (connection->block_sent < connection->block_length) {
    ssize_t count = send(connection->fd, connection->block + connection->block_sent,
                         connection->block_length - connection->block_sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EAGAIN && FAULT(DYNAMIC_SPINS)) continue;
    if (count < 0) {
      must_wait(connection);
      return;
    }
    connection->block_sent =
        FAULT(SEND_ONCE) ? connection->block_length : connection->block_sent + (size_t)count;
  }
  if (connection->offset < connection->size) {
    read_block(connection);
  } else {
    begin_draining(connection);
  }
}

// Until nothing comes any more: the eventfd tells of each completion once.
void reap_reads(void) {
  struct io_event events[kEventsAtATime];
  struct timespec no_time = {0};
  uint64_t completions;
  if (aio_eventfd >= 0 && read(aio_eventfd, &completions, sizeof completions) < 0 &&
      errno != EAGAIN)
    return;
  for (;;) {
    int count = io_getevents(aio_context, 0, kEventsAtATime, events, &no_time);
    if (count == -EINTR) continue;
    if (count <= 0) return;
    for (int i = 0; i < count; i++) {
      struct Connection* connection = (struct Connection*)events[i].obj;
      connection->in_flight = false;
      if (connection->gone) {
        release_gone(connection);
      } else {
        block_is_read(connection, (long)events[i].res);
      }
    }
  }
}
