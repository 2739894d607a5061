/* odd_disk: a library to preload, under which the disk is slow, or the file system poor, at will.
 *
 *   ODD_DISK       words: what is odd
 *     late_sentinels   completions of reads of 4 KiB come when the gate is open, not before
 *     late_reads       … of all reads
 *     late_opens       openat2(2) that may sleep returns when the gate is open
 *     late_preads      pread(2), likewise
 *     late_folders     getdents64(2), likewise
 *     uncached         openat2(2) never finds a path in the kernel's cache
 *     forgetful        no byte is ever in memory when preadv2(2) asks
 *     no_direct        no file can be opened with O_DIRECT
 *   ODD_DISK_GATE  a FIFO; the gate opens when somebody opens it for writing
 *
 * Whatever is late has been done by the kernel when the gate opens: it is only told late. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libaio.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define MOST_HELD 1024

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t opened = PTHREAD_COND_INITIALIZER;
static int is_open;
static struct io_event held[MOST_HELD];
static int held_count;

static int is_odd(const char* word) {
  const char* words = getenv("ODD_DISK");
  return words != NULL && strstr(words, word) != NULL;
}

static void wait_for_gate(void) {
  pthread_mutex_lock(&lock);
  while (!is_open)
    pthread_cond_wait(&opened, &lock);
  pthread_mutex_unlock(&lock);
}

/* Opens the gate when the FIFO is opened, and wakes threads that wait for what was held. */
static void* watch(void* unused) {
  const int gate = open(getenv("ODD_DISK_GATE"), O_RDONLY | O_CLOEXEC);
  if (gate >= 0) close(gate);
  pthread_mutex_lock(&lock);
  is_open = 1;
  pthread_cond_broadcast(&opened);
  const uint64_t one = 1;
  for (int i = 0; i < held_count; ++i) {
    if (write((int)held[i].obj->u.c.resfd, &one, sizeof(one)) < 0) abort();
  }
  pthread_mutex_unlock(&lock);
  return unused;
}

__attribute__((constructor)) static void start_watching(void) {
  sigset_t all, before;
  pthread_t thread;
  if (getenv("ODD_DISK_GATE") == NULL) return;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the server's business */
  if (pthread_create(&thread, NULL, watch, NULL) != 0) abort();
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static int is_late(const struct io_event* event) {
  if (is_odd("late_reads")) return 1;
  return is_odd("late_sentinels") && event->obj->u.c.nbytes == 4096;
}

int io_getevents(io_context_t ring, long least, long most, struct io_event* events,
                 struct timespec* timeout) {
  if (least > 0) wait_for_gate();
  pthread_mutex_lock(&lock);
  int count = 0;
  if (is_open) {
    while (held_count > 0 && count < most)
      events[count++] = held[--held_count];
  }
  const long missing = least > count ? least - count : 0;
  if (count < most) {
    const int more = REAL(io_getevents)(ring, missing, most - count, events + count, timeout);
    for (int i = count, end = count + (more > 0 ? more : 0); i < end; ++i) {
      if (is_open || !is_late(&events[i])) {
        events[count++] = events[i];
      } else if (held_count < MOST_HELD) {
        held[held_count++] = events[i];
      } else {
        abort();
      }
    }
  }
  pthread_mutex_unlock(&lock);
  return count;
}

long syscall(long number, ...) {
  va_list list;
  long a[6];
  va_start(list, number);
  for (int i = 0; i < 6; ++i)
    a[i] = va_arg(list, long);
  va_end(list);
  if (number == SYS_openat2) {
    const struct open_how* how = (const struct open_how*)a[2];
    const int cached_only = (how->resolve & RESOLVE_CACHED) != 0;
    if (cached_only && is_odd("uncached")) {
      errno = EAGAIN;
      return -1;
    }
    if (!cached_only && is_odd("late_opens")) wait_for_gate();
  }
  return REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int openat(int folder, const char* name, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const int mode = va_arg(list, int);
  va_end(list);
  if ((flags & O_DIRECT) != 0 && is_odd("no_direct")) {
    errno = EINVAL;
    return -1;
  }
  return REAL(openat)(folder, name, flags, mode);
}

ssize_t preadv2(int file, const struct iovec* into, int count, off_t offset, int flags) {
  if ((flags & RWF_NOWAIT) != 0 && is_odd("forgetful")) {
    errno = EAGAIN;
    return -1;
  }
  return REAL(preadv2)(file, into, count, offset, flags);
}

ssize_t pread(int file, void* into, size_t size, off_t offset) {
  if (is_odd("late_preads")) wait_for_gate();
  return REAL(pread)(file, into, size, offset);
}

ssize_t getdents64(int folder, void* into, size_t size) {
  if (is_odd("late_folders")) wait_for_gate();
  return REAL(getdents64)(folder, into, size);
}
