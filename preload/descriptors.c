#define _GNU_SOURCE
#include "descriptors.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "real.h"

enum { kChunkSize = 256, kChunkCount = 4096 };  // a million descriptors

struct Chunk {
  struct Descriptor descriptors[kChunkSize];
};

static _Atomic(struct Chunk*) chunks[kChunkCount];
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

static void start_counting(struct Descriptor* descriptor, uint32_t generation) {
  for (int call = 0; call < kCallCount; call++)
    atomic_store_explicit(&descriptor->numbers[call], 0, memory_order_relaxed);
  atomic_store(&descriptor->spent, 0);
  atomic_store(&descriptor->generation, generation);
}

static void forget_registrations(struct Descriptor* descriptor) {
  for (int i = 0; i < kRegistrationLimit; i++)
    atomic_store(&descriptor->registrations[i].epoll, 0);
}

// What epoll was told before the descriptor was first looked at stays true.
static void start_anew(struct Descriptor* descriptor, uint64_t identity, uint64_t connection,
                       uint32_t generation) {
  atomic_store(&descriptor->connection, connection);
  start_counting(descriptor, generation);
  uint64_t before = atomic_load(&descriptor->identity);
  if (identity == 0 || (before != 0 && before != identity)) forget_registrations(descriptor);
  atomic_store(&descriptor->identity, identity);
}

void forget_descriptor(int fd) {
  struct Descriptor* descriptor = entry_of(fd, false);
  if (descriptor != NULL) start_anew(descriptor, 0, 0, 0);
}

static uint64_t identity_of(const struct stat* status) {
  return (uint64_t)status->st_ino * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)status->st_dev ^
         (uint64_t)1 << 63;
}

static bool look_at(int fd, struct stat* status) {
  // fstat is not a system call of its own everywhere, newfstatat is.
  return kernel_call(SYS_newfstatat, (long)fd, "", status, (long)AT_EMPTY_PATH) == 0;
}

static int socket_option(int fd, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  return kernel_call(SYS_getsockopt, (long)fd, (long)SOL_SOCKET, (long)name, &value, &size) == 0
             ? value
             : -1;
}

static void classify(int fd, const struct stat* status, struct Subject* subject) {
  if (S_ISREG(status->st_mode)) {
    subject->kind = kFileKind;
    subject->is_direct = (kernel_call(SYS_fcntl, (long)fd, (long)F_GETFL) & O_DIRECT) != 0;
  } else if (S_ISSOCK(status->st_mode)) {
    subject->keeps_messages = socket_option(fd, SO_TYPE) != SOCK_STREAM;
    subject->kind = socket_option(fd, SO_ACCEPTCONN) == 1 ? kListenerKind : kSocketKind;
  } else {
    subject->kind = kOtherKind;
  }
}

struct Subject subject_of(int fd, uint32_t generation) {
  struct Subject subject = {.kind = kNothing};
  struct stat status;
  if (fd < 0 || !look_at(fd, &status)) return subject;
  struct Descriptor* descriptor = entry_of(fd, true);
  if (descriptor != NULL) {
    uint64_t identity = identity_of(&status);
    if (atomic_load(&descriptor->identity) != identity) {
      start_anew(descriptor, identity, 0, generation);
    } else if (atomic_load(&descriptor->generation) != generation) {
      start_counting(descriptor, generation);
    }
    subject.connection = atomic_load(&descriptor->connection);
  }
  if (fd <= STDERR_FILENO && subject.connection == 0) return subject;
  subject.descriptor = descriptor;
  classify(fd, &status, &subject);
  return subject;
}

void begin_connection(int fd, uint32_t generation) {
  struct stat status;
  struct Descriptor* descriptor = entry_of(fd, true);
  if (descriptor == NULL || !look_at(fd, &status)) return;
  start_anew(descriptor, identity_of(&status), atomic_fetch_add(&next_connection, 1), generation);
}

void number_connections_from(uint64_t number) {
  atomic_store(&next_connection, number);
}

bool may_block(int fd) {
  return (kernel_call(SYS_fcntl, (long)fd, (long)F_GETFL) & O_NONBLOCK) == 0;
}
