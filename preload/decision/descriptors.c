#define _GNU_SOURCE
#include "decision/descriptors.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "decision/classify.h"
#include "process/kernel.h"
#include "process/process.h"

enum {
  kChunkSize = 256,
  kChunkCount = 4096,  // for a million descriptors
  kFirstChunks = 4,    // these are static
};

struct Chunk {
  struct Descriptor descriptors[kChunkSize];
};

static struct Chunk first_chunks[kFirstChunks];
static _Atomic(struct Chunk*) chunks[kChunkCount] = {&first_chunks[0], &first_chunks[1],
                                                     &first_chunks[2], &first_chunks[3]};
static atomic_uint_fast64_t next_connection = 1;

static struct Chunk* make_chunk(_Atomic(struct Chunk*)* place) {
  struct Chunk* chunk = map_memory(sizeof(struct Chunk));
  struct Chunk* other = NULL;
  if (chunk == NULL || atomic_compare_exchange_strong(place, &other, chunk)) return chunk;
  unmap_memory(chunk, sizeof(struct Chunk));
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

// ---- Creating and closing

static void start_counting(struct Descriptor* descriptor, uint32_t generation) {
  for (int call = 0; call < kCallCount; call++)
    atomic_store_explicit(&descriptor->numbers[call], 0, memory_order_relaxed);
  atomic_store(&descriptor->spent, 0);
  atomic_store(&descriptor->path_checked, 0);
  atomic_store(&descriptor->port_checked, 0);
  atomic_store(&descriptor->generation, generation);
}

static bool is_used(const struct Descriptor* descriptor) {
  bool is_registered = false;
  for (int i = 0; i < kRegistrationLimit; i++)
    is_registered |= atomic_load(&descriptor->registrations[i].epoll) != 0;
  return is_registered || atomic_load(&descriptor->traits) != 0 ||
         atomic_load(&descriptor->generation) != 0 || atomic_load(&descriptor->connection) != 0;
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
    // Writing to an unused entry would allocate its page.
    if (is_used(descriptor)) forget(descriptor);
    fd++;
  }
}

// Returns the cleared entry of a new descriptor. Returns NULL if there is no memory, or if this is
// a child of vfork.
static struct Descriptor* new_entry(int fd) {
  struct Descriptor* descriptor = entry_of(fd, true);
  if (descriptor == NULL || is_vfork_child()) return NULL;
  forget(descriptor);
  return descriptor;
}

void record_descriptor(int fd, unsigned traits) {
  struct Descriptor* descriptor = new_entry(fd);
  if (descriptor != NULL) atomic_store(&descriptor->traits, traits);
}

void record_duplicate(int from, int to) {
  struct Descriptor* original = entry_of(from, false);
  struct Descriptor* duplicate = from != to ? new_entry(to) : NULL;
  if (original == NULL || duplicate == NULL) return;
  if ((atomic_load(&original->traits) & kKindMask) == kNothing) return;
  atomic_store(&duplicate->traits, atomic_fetch_or(&original->traits, kIsShared) | kIsShared);
}

static void number_connection(struct Descriptor* descriptor, uint32_t generation) {
  atomic_store(&descriptor->connection, atomic_fetch_add(&next_connection, 1));
  start_counting(descriptor, generation);
}

// On Linux an accepted socket does not inherit the listener's file status flags.
void accept_descriptor(int listener, int fd, int flags, uint32_t generation) {
  struct Descriptor* parent = entry_of(listener, false);
  struct Descriptor* descriptor = new_entry(fd);
  if (descriptor == NULL) return;
  unsigned traits = parent != NULL ? atomic_load(&parent->traits) : 0;
  if ((traits & kKindMask) == kListenerKind)
    atomic_store(&descriptor->traits,
                 kSocketKind | (traits & kKeepsMessages) | status_traits(flags & SOCK_NONBLOCK));
  number_connection(descriptor, generation);
}

void connect_descriptor(int fd, uint32_t generation) {
  struct Descriptor* descriptor = entry_of(fd, true);
  if (descriptor != NULL && !is_vfork_child()) number_connection(descriptor, generation);
}

void number_connections_from(uint64_t number) {
  atomic_store(&next_connection, number);
}

// ---- Changing

static void change(int fd, unsigned cleared, unsigned set) {
  struct Descriptor* descriptor = entry_of(fd, false);
  if (descriptor == NULL || is_vfork_child()) return;
  unsigned traits = atomic_load(&descriptor->traits);
  if ((traits & kKindMask) != kNothing)
    atomic_store(&descriptor->traits, (traits & ~cleared) | set);
}

void record_listener(int fd) {
  change(fd, kKindMask, kListenerKind);
}

void record_status(int fd, int flags) {
  change(fd, kIsNonblocking | kIsDirect | kAppends, status_traits(flags));
}

void record_blocking(int fd, bool blocks) {
  change(fd, kIsNonblocking, blocks ? 0 : kIsNonblocking);
}

// ---- Describing

struct Descriptor* counted_descriptor(int fd, uint32_t generation) {
  struct Descriptor* descriptor = entry_of(fd, true);
  if (descriptor != NULL && atomic_load(&descriptor->generation) != generation)
    start_counting(descriptor, generation);
  return descriptor;
}

// Returns the traits, and asks the kernel if they are not known yet.
static unsigned traits_of(struct Descriptor* descriptor, int fd) {
  unsigned known = descriptor != NULL ? atomic_load(&descriptor->traits) : 0;
  if ((known & kKindMask) != kNothing) return known;
  unsigned traits = classify_descriptor(fd);
  if (descriptor != NULL && !is_vfork_child())
    atomic_compare_exchange_strong(&descriptor->traits, &known, traits);
  return traits;
}

unsigned descriptor_traits(int fd) {
  return fd < 0 ? 0 : traits_of(entry_of(fd, true), fd);
}

struct Subject subject_of(int fd, uint32_t generation) {
  struct Subject subject = {.kind = kNothing};
  struct Descriptor* descriptor = counted_descriptor(fd, generation);
  if (descriptor != NULL) subject.connection = atomic_load(&descriptor->connection);
  if (fd < 0 || (fd <= STDERR_FILENO && subject.connection == 0)) return subject;
  subject.traits = traits_of(descriptor, fd);
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
