// What one call costs: the program that bench/sockop_overhead.py runs with and without the shim.
//
// Prints a line a row: its name, and nanoseconds of processor time a turn. The rows are calls that
// the kernel answers as quickly as it can, so that what is added shows.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { kTurns = 200000 };

static int ends[2];

static void turn_close(void) {
  (void)close(-1);
}

static void turn_send_and_recv(void) {
  char byte = 0;
  ssize_t sent = send(ends[0], &byte, 1, 0);
  ssize_t received = recv(ends[1], &byte, 1, 0);
  assert(sent == 1 && received == 1);
}

static void turn_malloc_and_free(void) {
  void* volatile memory = malloc(100);
  free(memory);
}

static double now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void measure(const char* name, void (*turn)(void)) {
  double begin = now_ns();
  for (int i = 0; i < kTurns; i++)
    turn();
  printf("%s %.2f\n", name, (now_ns() - begin) / kTurns);
}

int main(void) {
  assert(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  measure("close(-1)", turn_close);
  measure("send+recv", turn_send_and_recv);
  measure("malloc+free", turn_malloc_and_free);
  return 0;
}
