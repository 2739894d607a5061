// Sends 4 bytes on a connection, before and after a child closes its own descriptor of the
// connection and duplicates another file to that number. test_numbers.py runs it.
//
//   children vfork|fork
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <assert.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int connection(void) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t size = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  assert(bind(listener, (struct sockaddr*)&address, size) == 0 && listen(listener, 1) == 0);
  assert(getsockname(listener, (struct sockaddr*)&address, &size) == 0);
  assert(connect(client, (struct sockaddr*)&address, size) == 0);
  return client;
}

int main(int argc, char** argv) {
  int fd = connection(), file = open("/dev/null", O_RDWR), status;
  printf("%zd ", send(fd, "1234", 4, 0));
  fflush(stdout);
  pid_t child = argc > 1 && strcmp(argv[1], "vfork") == 0 ? vfork() : fork();
  if (child == 0) {
    close(fd);
    dup2(file, fd);
    fcntl(file, F_SETFL, O_NONBLOCK);
    _exit(3);
  }
  assert(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 3);
  printf("%zd\n", send(fd, "1234", 4, 0));
  return 0;
}
