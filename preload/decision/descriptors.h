// The table of descriptors: for each, the kind of file, the connection's number, how often each
// call was made, and its registrations with epoll.
//
// The hooks of the calls that create, duplicate and close descriptors keep the table up to date, so
// a transfer needs no system call of the shim. If no hook saw how a descriptor was created, the
// first call on it asks the kernel what it is. A program that closes and creates descriptors
// without the C library leaves outdated entries in the table.
//
// There are no locks: if two threads use a descriptor at the same time, both calls are counted.
// Signal handlers may call these functions. The memory for descriptors up to 1023 is static; more
// memory comes from the kernel.
#ifndef PRELOAD_DECISION_DESCRIPTORS_H
#define PRELOAD_DECISION_DESCRIPTORS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/calls.h"
#include "plan/plan.h"

enum { kRegistrationLimit = 4 };  // registrations that are recorded per descriptor

struct Registration {
  atomic_int epoll;  // the descriptor of the epoll instance; 0: this entry is free
  atomic_uint events;
  atomic_uint_fast64_t data;
};

// The lowest bits are an enum Kind, which is kNothing until the kind is known. The other bits:
enum Trait {
  kKindMask = 7,
  kKeepsMessages = 1 << 3,  // a socket with message boundaries
  kMovesRecords = 1 << 4,   // transfers are all or nothing: eventfd, /proc
  kFewErrors = 1 << 5,      // few errors are possible: eventfd and similar files
  kIsPipe = 1 << 6,         // few errors; some transfers are all or nothing
  kIsSeekable = 1 << 7,     // a transfer can be repeated
  kKnowsStatus = 1 << 8,    // the next three bits are the file status flags (F_GETFL)
  kIsNonblocking = 1 << 9,
  kIsDirect = 1 << 10,  // O_DIRECT
  kAppends = 1 << 11,
  kIsShared = 1 << 12,  // a duplicate shares the file status flags and may change them
};

struct Descriptor {
  atomic_uint traits;
  atomic_uint generation;           // the plan to which the counts belong
  atomic_uint_fast64_t connection;  // its number; 0: the shim did not see it begin
  atomic_uint_fast64_t spent;       // one bit per rule: its `once` is used up
  atomic_uint_fast64_t numbers[kCallCount];
  // One bit per rule: its path or port was compared with the descriptor; it matches.
  atomic_uint_fast64_t path_checked, path_matching, port_checked, port_matching;
  atomic_uint_fast64_t name_hash;  // where.h; 0: not known
  struct Registration registrations[kRegistrationLimit];
};

// The descriptor that a call operates on.
struct Subject {
  struct Descriptor* descriptor;  // NULL: it has no entry
  enum Kind kind;
  unsigned traits;
  uint64_t connection;
};

// Describes a descriptor. The kind is kNothing if the descriptor is closed, if a sandbox forbids
// the system calls, or if it is 0, 1 or 2 and not a connection.
struct Subject subject_of(int fd, uint32_t generation);

// Returns the traits of any open descriptor, including 0, 1 and 2; otherwise 0.
unsigned descriptor_traits(int fd);

// Returns the entry, or NULL if there is none.
struct Descriptor* find_descriptor(int fd);

// Returns the entry, and creates it if needed; NULL if there is no memory.
struct Descriptor* make_descriptor(int fd);

// Like make_descriptor, but clears counts and comparisons that belong to another plan.
struct Descriptor* counted_descriptor(int fd, uint32_t generation);

// Returns whether a call may block on the descriptor. If so, it cannot fail with EAGAIN.
bool may_block(int fd);

// Clear the entries of descriptors that are about to be closed, or that are new.
void forget_descriptor(int fd);
void forget_descriptors(unsigned first, unsigned last);

// Records a new descriptor with known traits.
void record_descriptor(int fd, unsigned traits);

// Records that `to` is a new duplicate of `from`. Calls on it are counted separately.
void record_duplicate(int from, int to);

// Records a connection that `listener` accepted with the flags of accept4, and numbers it.
void accept_descriptor(int listener, int fd, int flags, uint32_t generation);

// Numbers the connection that connect(2) starts on `fd`.
void connect_descriptor(int fd, uint32_t generation);

// Record listen(2), F_SETFL and FIONBIO.
void record_listener(int fd);
void record_status(int fd, int flags);
void record_blocking(int fd, bool blocks);

// Sets the number of the next connection.
void number_connections_from(uint64_t number);

#endif
