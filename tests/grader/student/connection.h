// A client and its answer. The states follow each other in this order.
#pragma once

#include <libaio.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { kRequestSize = 8192, kHeadSize = 512, kBlockSize = 8192 };

enum State { kReceiving, kSendingHead, kSendingStatic, kReadingBlock, kSendingBlock, kDraining };

struct Connection {
  struct iocb iocb;  // first, so that a completion leads to its connection
  int fd, file;
  enum State state;
  bool in_flight;  // the kernel writes to `block`
  bool gone;       // closed, and freed when the read that is in flight has come
  bool dynamic;
  unsigned interest;
  unsigned number;
  char* request;
  size_t request_length;
  char head[kHeadSize];
  size_t head_length, head_sent;
  off_t offset, size;
  char* block;
  size_t block_length, block_sent;
  struct Connection *next, **link;  // all connections
  struct Connection* next_waiting;  // reads that the kernel had no room for
};

extern struct Connection* connections;
extern unsigned connection_count;

struct Connection* new_connection(int fd);
void close_connection(struct Connection* connection);
// The read of a connection that is gone has come.
void release_gone(struct Connection* connection);
// An event of its socket: goes as far as it can without waiting.
void advance(struct Connection* connection, unsigned events);

// request.c: opens what the request names and writes the head of the answer.
void answer(struct Connection* connection);

// transfer.c
void send_head(struct Connection* connection);
void send_static(struct Connection* connection);
void read_block(struct Connection* connection);
void send_block(struct Connection* connection);
void reap_reads(void);
void resubmit_reads(void);
void begin_draining(struct Connection* connection);
