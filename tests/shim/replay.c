// Serves several connections at the same time, each in its own thread, and prints the result of
// each call. test_replay.py compares the lines between runs.
//
//   replay CONNECTIONS CALLS
//
// Prints a line for each connection, in the order of acceptance: the results, or -errno, of CALLS
// receives and CALLS sends of 100 bytes. The clients bypass the shim.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { kLength = 100, kLimit = 64, kCallLimit = 1000 };

struct Connection {
  int ours, theirs, calls;
  long results[2 * kCallLimit];
};

static struct Connection connections[kLimit];
static pthread_barrier_t start;
static long (*kernel)(long number, ...);  // the C library's, without the shim's hook

static void drain(int fd) {
  char rest[kLength];
  while (kernel(SYS_recvfrom, fd, rest, sizeof rest, MSG_DONTWAIT, NULL, NULL) > 0)
    continue;
}

static void* serve(void* argument) {
  struct Connection* connection = argument;
  char buffer[kLength];
  pthread_barrier_wait(&start);
  for (int i = 0; i < connection->calls; i++) {
    assert(kernel(SYS_sendto, connection->theirs, buffer, sizeof buffer, 0, NULL, 0) == kLength);
    ssize_t received = recv(connection->ours, buffer, sizeof buffer, MSG_DONTWAIT);
    connection->results[2 * i] = received < 0 ? -errno : received;
    sched_yield();
    ssize_t sent = send(connection->ours, buffer, sizeof buffer, MSG_NOSIGNAL);
    connection->results[2 * i + 1] = sent < 0 ? -errno : sent;
    drain(connection->ours);
    drain(connection->theirs);
  }
  return NULL;
}

static int make_listener(struct sockaddr_in* address) {
  socklen_t size = sizeof *address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  address->sin_family = AF_INET;
  address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  assert(bind(listener, (struct sockaddr*)address, size) == 0 && listen(listener, kLimit) == 0);
  assert(getsockname(listener, (struct sockaddr*)address, &size) == 0);
  return listener;
}

// On the loopback interface data arrives before send returns, so no call has to wait.
static void make_connection(struct Connection* connection, int listener,
                            const struct sockaddr_in* address, int calls) {
  connection->calls = calls;
  connection->theirs = (int)kernel(SYS_socket, AF_INET, SOCK_STREAM, 0);
  assert(kernel(SYS_connect, connection->theirs, address, sizeof *address) == 0);
  connection->ours = accept4(listener, NULL, NULL, 0);
  assert(connection->ours >= 0);
}

int main(int argc, char** argv) {
  struct sockaddr_in address = {0};
  pthread_t threads[kLimit];
  int count = argc > 2 ? atoi(argv[1]) : 0, calls = argc > 2 ? atoi(argv[2]) : 0;
  assert(count > 0 && count <= kLimit && calls <= kCallLimit);
  kernel = (long (*)(long, ...))dlsym(dlopen("libc.so.6", RTLD_LAZY), "syscall");
  int listener = make_listener(&address);
  pthread_barrier_init(&start, NULL, (unsigned)count);
  for (int i = 0; i < count; i++) {
    make_connection(&connections[i], listener, &address, calls);
    assert(pthread_create(&threads[i], NULL, serve, &connections[i]) == 0);
  }
  for (int i = 0; i < count; i++) {
    pthread_join(threads[i], NULL);
    for (int j = 0; j < 2 * calls; j++)
      printf("%ld ", connections[i].results[j]);
    printf("\n");
  }
  return 0;
}
