// Overwrites its whole environment, as programs do to show a title in ps(1), and then sends 4
// bytes. test_settings.py runs it.
//
//   title [closeall] [fork] [wait] exit|_exit
//
// closeall closes the shim's descriptors without its hooks. With fork, a child sends too. wait
// prints the process ID and reads a byte.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <assert.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

static void write_over_environment(void) {
  for (char** variable = environ; *variable != NULL; variable++)
    memset(*variable, 'x', strlen(*variable));
}

static int has_word(int argc, char** argv, const char* word) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], word) == 0) return 1;
  }
  return 0;
}

int main(int argc, char** argv) {
  int ends[2];
  char byte;
  pid_t child = -1;
  assert(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  write_over_environment();
  if (has_word(argc, argv, "closeall")) {
    void* library = dlopen("libc.so.6", RTLD_LAZY);
    int (*real_close)(int) = (int (*)(int))dlsym(library, "close");
    for (int fd = 100; fd < 1100; fd++)
      real_close(fd);
  }
  if (has_word(argc, argv, "fork")) child = fork();
  ssize_t sent = send(ends[0], "1234", 4, 0);
  assert(sent > 0);
  if (has_word(argc, argv, "wait")) {
    printf("%d\n", (int)getpid());
    fflush(stdout);
    sent = read(STDIN_FILENO, &byte, 1);
  }
  if (child > 0) assert(waitpid(child, NULL, 0) == child);
  if (has_word(argc, argv, "_exit")) _exit(0);
  return 0;
}
