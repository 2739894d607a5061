#define _GNU_SOURCE
#include "process/path.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "process/kernel.h"
#include "report/text.h"

int make_absolute(char absolute[kPathSize], const char* path) {
  struct Text text = text_in(absolute, kPathSize);
  if (*path != '/') {
    char directory[kPathSize];
    long length = kernel_call(SYS_getcwd, directory, (size_t)kPathSize);
    if (length < 0) return (int)length;
    if (*directory != '/') return -ENOENT;  // the working directory is outside the root
    add_string(&text, directory);
    if (directory[1] != '\0') add_string(&text, "/");
  }
  if (strlen(path) >= kPathSize - text.length) return -ENAMETOOLONG;
  add_string(&text, path);
  return 0;
}
