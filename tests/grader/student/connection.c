// The life of a connection, and the switch over its states.
#include "connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "aws.h"
#include "faults.h"

enum { kSmallRequestSize = 1024, kLittle = 24 };

struct Connection* connections;
unsigned connection_count;

static unsigned newest;
static char shared_request[kRequestSize], shared_block[kBlockSize];
static size_t shared_request_length;
static void** kept;  // memory that is never needed again, and can still be reached

struct Connection* new_connection(int fd) {
  struct Connection* connection = calloc(1, sizeof *connection);
  if (connection == NULL) return NULL;
  connection->request = FAULT(SHARED_REQUEST) ? shared_request : malloc(kRequestSize);
  connection->block = FAULT(SHARED_BLOCK) ? shared_block : malloc(kBlockSize);
  connection->fd = fd;
  connection->file = -1;
  connection->number = ++newest;
  connection->next = connections;
  connection->link = &connections;
  if (connections != NULL) connections->link = &connection->next;
  connections = connection;
  connection_count++;
  return connection;
}

static void release(struct Connection* connection) {
  *connection->link = connection->next;
  if (connection->next != NULL) connection->next->link = connection->link;
  if (FAULT(KEEPS_MEMORY)) {
    void** memory = malloc(sizeof(void*));
    *memory = kept;
    kept = memory;
  }
  if (FAULT(LEAKS_LITTLE)) memset(malloc(kLittle), 1, kLittle);
  if (!FAULT(SHARED_REQUEST)) free(connection->request);
  if (!FAULT(SHARED_BLOCK) && !FAULT(LEAKS_MEMORY)) free(connection->block);
  free(connection);
}

// A read that is in flight still needs the block: what is left is then released by its completion.
void close_connection(struct Connection* connection) {
  close(connection->fd);
  if (connection->file >= 0 && !FAULT(LEAKS_FILE)) close(connection->file);
  connection->file = -1;
  connection->gone = true;
  connection_count--;
  if (!connection->in_flight) release(connection);
  resume_accepting();
}

void release_gone(struct Connection* connection) {
  release(connection);
}

static bool is_complete(struct Connection* connection) {
  return memmem(connection->request, connection->request_length, "\r\n\r\n", 4) != NULL;
}

// One byte of the request's room stays free for the string's end.
static size_t room(void) {
  return FAULT(SMALL_REQUEST) ? kSmallRequestSize : kRequestSize - 1;
}

static void receive(struct Connection* connection) {
  for (;;) {
    if (FAULT(SHARED_REQUEST)) connection->request_length = shared_request_length;
    ssize_t count = recv(connection->fd, connection->request + connection->request_length,
                         room() - connection->request_length, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN && !FAULT(AGAIN_IS_AN_ERROR)) {
      if (FAULT(IMPATIENT) && connection->request_length > 0) close_connection(connection);
      return;
    }
    if (count < 0 && FAULT(DIES_WHEN_RESET)) abort();
    if (count == 0 && FAULT(KEEPS_THE_GONE)) {
      set_interest(connection, 0);
      return;
    }
    if (count <= 0) {
      close_connection(connection);
      return;
    }
    connection->request_length += (size_t)count;
    shared_request_length = connection->request_length;
    if (is_complete(connection) || connection->request_length == room()) {
      shared_request_length = 0;
      answer(connection);
      return;
    }
    if (FAULT(AGAIN_IS_AN_ERROR)) return;
  }
}

// The other side may still be sending. Closing now would reset the connection, and destroy the end
// of the answer.
void begin_draining(struct Connection* connection) {
  if (connection->file >= 0 && !FAULT(LEAKS_FILE)) close(connection->file);
  connection->file = -1;
  if (FAULT(NO_DRAIN)) {
    close_connection(connection);
    return;
  }
  if (!FAULT(STAYS_OPEN)) shutdown(connection->fd, SHUT_WR);
  connection->state = kDraining;
  set_interest(connection, EPOLLIN);
}

static void drain(struct Connection* connection) {
  char unwanted[4096];
  ssize_t count = recv(connection->fd, unwanted, sizeof unwanted, 0);
  if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) close_connection(connection);
}

void advance(struct Connection* connection, unsigned events) {
  if (connection->gone) return;
  if (events & (EPOLLERR | EPOLLHUP) && connection->state != kReceiving &&
      !FAULT(DIES_BY_SIGPIPE)) {
    close_connection(connection);
    return;
  }
  switch (connection->state) {
    case kReceiving:
      receive(connection);
      break;
    case kSendingHead:
      send_head(connection);
      break;
    case kSendingStatic:
      send_static(connection);
      break;
    case kReadingBlock:
      break;
    case kSendingBlock:
      send_block(connection);
      break;
    case kDraining:
      drain(connection);
      break;
  }
}
