#define _GNU_SOURCE
#include "descriptors.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "look.h"
#include "process.h"
#include "real.h"

// A million descriptors, of which the first thousand need no memory from the kernel.
enum { kChunkSize = 256, kChunkCount = 4096, kFirstChunks = 4 };

struct Chunk {
  struct Descriptor descriptors[kChunkSize];
};

static struct Chunk first_chunks[kFirstChunks];
static _Atomic(struct Chunk*) chunks[kChunkCount] = {&first_chunks[0], &first_chunks[1],
                                                     &first_chunks[2], &first_chunks[3]};
static atomic_uint_fast64_t next_connection = 1;

static struct Chunk* make_chunk(_Atomic(struct Chunk*)* place) {
  long memory = kernel_call(SYS_mmap, 0L, sizeof(struct Chunk), (long)(PROT_READ | PROT_WRITE),
                            (long)(MAP_PRIVATE | MAP_ANONYMOUS), -1L, 0L);
  if (memory < 0 && memory > -4096) return NULL;
  struct Chunk* chunk = (struct Chunk*)memory;
  struct Chunk* other = NULL;
  if (atomic_compare_exchange_strong(place, &other, chunk)) return chunk;
  kernel_call(SYS_munmap, chunk, sizeof(struct Chunk));
  return other;
}

static struct Descriptor* entry_of(int fd, bool make) {
  if (fd < 0 || fd >= kChunkSize * kChunkCount) return NULL;
  _Atomic(struct Chunk*)* place = &chunks[fd / kChunkSize];
  struct Chunk* chunk = atomic_load_explicit(place, memory_order_acquire);
  if (chunk == NULL && make) chunk = make_chunk(place);
  return chunk == NULL ? NULL : &chunk->descriptors[fd % kChunkSize];
}

struct Descriptor* find_descriptor(int fd) {
  return entry_of(fd, false);
}

struct Descriptor* make_descriptor(int fd) {
  return entry_of(fd, true);
}

// ---- What begins and ends

static void start_counting(struct Descriptor* descriptor, uint32_t generation) {
  for (int call = 0; call < kCallCount; call++)
    atomic_store_explicit(&descriptor->numbers[call], 0, memory_order_relaxed);
  atomic_store(&descriptor->spent, 0);
  atomic_store(&descriptor->path_asked, 0);
  atomic_store(&descriptor->port_asked, 0);
  atomic_store(&descriptor->generation, generation);
}

static void forget(struct Descriptor* descriptor) {
  for (int i = 0; i < kRegistrationLimit; i++)
    atomic_store(&descriptor->registrations[i].epoll, 0);
  atomic_store(&descriptor->connection, 0);
  atomic_store(&descriptor->name_hash, 0);
  start_counting(descriptor, 0);
  atomic_store(&descriptor->traits, 0);
}

void forget_descriptor(int fd) {
  struct Descriptor* descriptor = entry_of(fd, false);
  if (descriptor != NULL && !is_vfork_child()) forget(descriptor);
}

void forget_descriptors(unsigned first, unsigned last) {
  if (last >= kChunkSize * kChunkCount) last = kChunkSize * kChunkCount - 1;
  for (unsigned fd = first; fd <= last && !is_vfork_child();) {
    struct Descriptor* descriptor = entry_of((int)fd, false);
    if (descriptor == NULL) {
      fd = (fd / kChunkSize + 1) * kChunkSize;
      continue;
    }
    // What is untouched stays so: to write there would cost memory.
    if (atomic_load(&descriptor->generation) != 0 || atomic_load(&descriptor->traits) != 0)
      forget(descriptor);
    fd++;
  }
}

// The entry of a new descriptor, emptied; NULL if there is none, or none that is this process's.
static struct Descriptor* begin(int fd) {
  struct Descriptor* descriptor = entry_of(fd, true);
  if (descriptor == NULL || is_vfork_child()) return NULL;
  forget(descriptor);
  return descriptor;
}

void note_descriptor(int fd, unsigned traits) {
  struct Descriptor* descriptor = begin(fd);
  if (descriptor != NULL) atomic_store(&descriptor->traits, traits);
}

unsigned socket_traits(int type, int protocol) {
  const int kTypeMask = ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
  bool is_stream = (type & kTypeMask) == SOCK_STREAM && protocol != IPPROTO_SCTP;
  return kSocketKind | (is_stream ? 0u : kKeepsMessages);
}

void note_duplicate(int from, int to) {
  struct Descriptor* original = entry_of(from, false);
  struct Descriptor* duplicate = from != to ? begin(to) : NULL;
  if (original == NULL || duplicate == NULL) return;
  if ((atomic_load(&original->traits) & kKindMask) == kNothing) return;
  atomic_store(&duplicate->traits, atomic_fetch_or(&original->traits, kIsShared) | kIsShared);
}

static void number_connection(struct Descriptor* descriptor, uint32_t generation) {
  atomic_store(&descriptor->connection, atomic_fetch_add(&next_connection, 1));
  start_counting(descriptor, generation);
}

// Linux gives an accepted socket none of the listener's file status flags.
void note_accepted(int listener, int fd, int flags, uint32_t generation) {
  struct Descriptor* parent = entry_of(listener, false);
  struct Descriptor* descriptor = begin(fd);
  if (descriptor == NULL) return;
  unsigned traits = parent != NULL ? atomic_load(&parent->traits) : 0;
  if ((traits & kKindMask) == kListenerKind)
    atomic_store(&descriptor->traits,
                 kSocketKind | (traits & kKeepsMessages) | status_traits(flags & SOCK_NONBLOCK));
  number_connection(descriptor, generation);
}

void note_connected(int fd, uint32_t generation) {
  struct Descriptor* descriptor = entry_of(fd, true);
  if (descriptor != NULL && !is_vfork_child()) number_connection(descriptor, generation);
}

void number_connections_from(uint64_t number) {
  atomic_store(&next_connection, number);
}

// ---- What changes

static void change(int fd, unsigned cleared, unsigned set) {
  struct Descriptor* descriptor = entry_of(fd, false);
  if (descriptor == NULL || is_vfork_child()) return;
  unsigned traits = atomic_load(&descriptor->traits);
  if ((traits & kKindMask) != kNothing)
    atomic_store(&descriptor->traits, (traits & ~cleared) | set);
}

void note_listener(int fd) {
  change(fd, kKindMask, kListenerKind);
}

void note_status(int fd, int flags) {
  change(fd, kIsNonblocking | kIsDirect | kAppends, status_traits(flags));
}

void note_blocking(int fd, bool blocks) {
  change(fd, kIsNonblocking, blocks ? 0 : kIsNonblocking);
}

// ---- What is asked

struct Descriptor* counted_descriptor(int fd, uint32_t generation) {
  struct Descriptor* descriptor = entry_of(fd, true);
  if (descriptor != NULL && atomic_load(&descriptor->generation) != generation)
    start_counting(descriptor, generation);
  return descriptor;
}

static unsigned learn(struct Descriptor* descriptor, int fd) {
  unsigned known = descriptor != NULL ? atomic_load(&descriptor->traits) : 0;
  if ((known & kKindMask) != kNothing) return known;
  unsigned traits = look_at_descriptor(fd);
  if (descriptor != NULL && !is_vfork_child())
    atomic_compare_exchange_strong(&descriptor->traits, &known, traits);
  return traits;
}

struct Subject subject_of(int fd, uint32_t generation) {
  struct Subject subject = {.kind = kNothing};
  struct Descriptor* descriptor = counted_descriptor(fd, generation);
  if (descriptor != NULL) subject.connection = atomic_load(&descriptor->connection);
  if (fd < 0 || (fd <= STDERR_FILENO && subject.connection == 0)) return subject;
  subject.traits = learn(descriptor, fd);
  subject.kind = (enum Kind)(subject.traits & kKindMask);
  subject.descriptor = subject.kind == kNothing ? NULL : descriptor;
  return subject;
}

bool may_block(int fd) {
  struct Descriptor* descriptor = entry_of(fd, false);
  unsigned traits = descriptor != NULL ? atomic_load(&descriptor->traits) : 0;
  if ((traits & (kKnowsStatus | kIsShared)) == kKnowsStatus) return (traits & kIsNonblocking) == 0;
  long flags = kernel_call(SYS_fcntl, (long)fd, (long)F_GETFL);
  if (flags >= 0) return (flags & O_NONBLOCK) == 0;
  return (traits & kIsNonblocking) == 0;
}
