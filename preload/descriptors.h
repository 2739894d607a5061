// What is known of each descriptor: its connection's number, how often each call came, and what
// epoll was told of it.
//
// A descriptor's number is reused behind our back (fclose, dup2, the C library's own sockets), so
// each entry knows which file it is about, and one that speaks of another file starts anew. No
// locks: programs that use one descriptor from two threads at once get both calls counted.
// Callable from signal handlers; the memory is asked from the kernel, in pages, when first needed.
#ifndef PRELOAD_DESCRIPTORS_H
#define PRELOAD_DESCRIPTORS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "calls.h"
#include "plan.h"

enum { kRegistrationLimit = 4 };  // of one descriptor, in as many epolls

struct Registration {
  atomic_int epoll;  // the epoll's descriptor; 0: this place is free
  atomic_uint events;
  atomic_uint_fast64_t data;
};

struct Descriptor {
  atomic_uint_fast64_t identity;    // of the file that the rest is about
  atomic_uint_fast64_t connection;  // its number; 0: none that we saw begin
  atomic_uint generation;           // of the plan that counted
  atomic_uint_fast64_t spent;       // rules whose `once` is over
  atomic_uint_fast64_t numbers[kCallCount];
  struct Registration registrations[kRegistrationLimit];
};

// What a call is about.
struct Subject {
  struct Descriptor* descriptor;  // NULL: none, or one beyond the table
  enum Kind kind;
  bool keeps_messages;  // a socket on which half a send is another message
  bool is_direct;       // a file opened with O_DIRECT
  uint64_t connection;
};

// Looks at the descriptor. kNothing if it is not open, or is stdio that is no connection of ours.
struct Subject subject_of(int fd, uint32_t generation);

// A stream that accept or connect has just made gets the next connection number.
void begin_connection(int fd, uint32_t generation);
// The number that the next connection gets.
void number_connections_from(uint64_t number);

// The descriptor is new, or about to be closed: nothing of what was known holds.
void forget_descriptor(int fd);

// The descriptor's entry, which may be about another file still; NULL if there is none, or none to
// be had.
struct Descriptor* find_descriptor(int fd);
struct Descriptor* make_descriptor(int fd);

// Whether the descriptor may block a call, so that EAGAIN would be an answer it cannot give.
bool may_block(int fd);

#endif
