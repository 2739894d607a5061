// What is known of each descriptor: what kind of file it is, its connection's number, how often
// each call came, and what epoll was told of it.
//
// The hooks of the calls that make, duplicate and close descriptors keep this up to date, so that a
// transfer costs no system call of the shim's own: the kernel is asked what a descriptor is when
// the first call on it comes and nobody saw it begin, and then no more. (Descriptors that are
// closed and made again past the C library's functions keep what was known of their number.)
//
// No locks: programs that use one descriptor from two threads at once get both calls counted.
// Callable from signal handlers. The memory for descriptors above 1023 is asked from the kernel.
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

// What a descriptor is: an enum Kind in the lowest bits, which is kNothing until it is known, and
// these.
enum Trait {
  kKindMask = 7,
  kKeepsMessages = 1 << 3,  // a socket on which half a send is another message
  kMovesRecords = 1 << 4,   // whatever else moves a transfer whole or not at all: eventfd, /proc
  kFewErrors = 1 << 5,      // eventfd and its like: read and write meet few errors
  kIsPipe = 1 << 6,         // few errors too; short writes are whole, and packets with O_DIRECT
  kIsSeekable = 1 << 7,     // a transfer that AIO made may be made again
  kKnowsStatus = 1 << 8,    // of the file status flags (F_GETFL) the next three
  kIsNonblocking = 1 << 9,
  kIsDirect = 1 << 10,  // O_DIRECT
  kAppends = 1 << 11,
  kIsShared = 1 << 12,  // other descriptors share the flags, and may change them
};

struct Descriptor {
  atomic_uint traits;
  atomic_uint generation;           // of the plan that counted
  atomic_uint_fast64_t connection;  // its number; 0: none that we saw begin
  atomic_uint_fast64_t spent;       // rules whose `once` is over
  atomic_uint_fast64_t numbers[kCallCount];
  // Rules by their index: whose `where` has been compared with the path or the port, and agrees.
  atomic_uint_fast64_t path_asked, path_agrees, port_asked, port_agrees;
  atomic_uint_fast64_t name_hash;  // see where.h; 0: not known
  struct Registration registrations[kRegistrationLimit];
};

// What a call is about.
struct Subject {
  struct Descriptor* descriptor;  // NULL: none, or one beyond the table
  enum Kind kind;
  unsigned traits;
  uint64_t connection;
};

// kNothing if the descriptor is not open, if a sandbox forbids to ask what it is, or if it is stdio
// that is no connection of ours.
struct Subject subject_of(int fd, uint32_t generation);

// The descriptor is new, or about to be closed: nothing of what was known holds.
void forget_descriptor(int fd);
void forget_descriptors(unsigned first, unsigned last);

// The descriptor is new, and a file with these traits.
void note_descriptor(int fd, unsigned traits);

// What socket(2) makes.
unsigned socket_traits(int type, int protocol);

// `to` is now a duplicate of `from`: the same file, and a descriptor of its own.
void note_duplicate(int from, int to);

// A connection that `listener` has accepted gets the next connection number; `flags` are those of
// accept4.
void note_accepted(int listener, int fd, int flags, uint32_t generation);

// The connection that connect begins on `fd` gets the next number.
void note_connected(int fd, uint32_t generation);

void note_listener(int fd);

// The file status flags were set: by F_SETFL, or by FIONBIO.
void note_status(int fd, int flags);
void note_blocking(int fd, bool blocks);

// The number that the next connection gets.
void number_connections_from(uint64_t number);

// The descriptor's entry, which may say nothing yet; NULL if there is none, or none to be had.
struct Descriptor* find_descriptor(int fd);
struct Descriptor* make_descriptor(int fd);

// As make_descriptor; counts and comparisons with another plan than this one's are forgotten.
struct Descriptor* counted_descriptor(int fd, uint32_t generation);

// Whether the descriptor may block a call, so that EAGAIN would be an answer it cannot give.
bool may_block(int fd);

#endif
