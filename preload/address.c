#define _GNU_SOURCE
#include "address.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "path.h"
#include "process.h"
#include "real.h"
#include "text.h"

enum { kBacklog = 8 };

// The socket file that this process made.
static char made[kPathSize];
static long maker;  // the process
static struct stat made_status;

static bool look_at(const char* path, struct stat* status) {
  return kernel_call(SYS_newfstatat, (long)AT_FDCWD, path, status, (long)AT_SYMLINK_NOFOLLOW) == 0;
}

static long open_directory_of(const char* path) {
  char directory[kPathSize];
  struct Text text = text_in(directory, sizeof directory);
  add_bytes(&text, path, (size_t)(strrchr(path, '/') - path) + 1);
  return kernel_call(SYS_openat, (long)AT_FDCWD, directory,
                     (long)(O_PATH | O_DIRECTORY | O_CLOEXEC), 0L);
}

// bind or connect: `number`. An address holds 107 characters; a longer path is named by way of its
// directory's descriptor.
static long call_with_address(long number, long fd, const char* path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  struct Text name = text_in(address.sun_path, sizeof address.sun_path);
  long directory = -1;
  if (strlen(path) >= sizeof address.sun_path) {
    directory = open_directory_of(path);
    if (directory < 0) return directory;
    add_string(&name, "/proc/self/fd/");
    add_number(&name, directory);
    path = strrchr(path, '/');
  }
  long result = -ENAMETOOLONG;
  if (strlen(path) < sizeof address.sun_path - name.length) {
    add_string(&name, path);
    result = kernel_call(number, fd, &address, sizeof address);
  }
  if (directory >= 0) kernel_call(SYS_close, directory);
  return result;
}

static long new_socket(int flags) {
  return kernel_call(SYS_socket, (long)AF_UNIX, (long)(SOCK_STREAM | SOCK_CLOEXEC | flags), 0L);
}

static long try_to_connect(const char* path) {
  long fd = new_socket(SOCK_NONBLOCK);
  if (fd < 0) return fd;
  long result = call_with_address(SYS_connect, fd, path);
  kernel_call(SYS_close, fd);
  return result;
}

// A process answers at the path, even if its queue is full.
static bool is_alive(const char* path) {
  long result = try_to_connect(path);
  return result == 0 || result == -EAGAIN;
}

// connect refuses a file that is no socket in the same way.
static bool is_abandoned(const char* path) {
  struct stat status;
  return look_at(path, &status) && S_ISSOCK(status.st_mode) &&
         try_to_connect(path) == -ECONNREFUSED;
}

static void remove_file(const char* path) {
  kernel_call(SYS_unlinkat, (long)AT_FDCWD, path, 0L);
}

static long bind_and_listen(long fd, const char* path) {
  long result = call_with_address(SYS_bind, fd, path);
  if (result == -EADDRINUSE && is_abandoned(path)) {
    remove_file(path);
    result = call_with_address(SYS_bind, fd, path);
  }
  if (result < 0) return result;
  result = kernel_call(SYS_fchmodat, (long)AT_FDCWD, path, 0600L);
  if (result == 0) result = kernel_call(SYS_listen, fd, (long)kBacklog);
  if (result < 0) remove_file(path);
  return result;
}

static long rename_file(const char* from, const char* to, unsigned flags) {
  return kernel_call(SYS_renameat2, (long)AT_FDCWD, from, (long)AT_FDCWD, to, (long)flags);
}

// Gives the socket at `from` the name `to`, if nothing has that name, or a socket at which nobody
// answers. Not every file system knows RENAME_NOREPLACE.
static long take_name(const char* from, const char* to) {
  struct stat status;
  long result = rename_file(from, to, RENAME_NOREPLACE);
  if (result == -EINVAL) result = look_at(to, &status) ? -EEXIST : rename_file(from, to, 0);
  if (result == -EEXIST && is_abandoned(to)) result = rename_file(from, to, 0);
  return result;
}

long listen_at(const char* path, bool is_child) {
  struct Text own = text_in(made, sizeof made);
  maker = 0;
  add_string(&own, path);
  add_string(&own, ".");
  add_number(&own, process_id());
  if (own.length == sizeof made - 1) return -ENAMETOOLONG;
  long fd = new_socket(0);
  if (fd < 0) return fd;
  long result = bind_and_listen(fd, made);
  if (result == 0 && !is_child) {
    result = take_name(made, path);
    if (result == 0) strcpy(made, path);
    if (result == -EEXIST && is_alive(path)) result = 0;
    if (result < 0) remove_file(made);
  }
  if (result < 0 || !look_at(made, &made_status)) {
    kernel_call(SYS_close, fd);
    return result < 0 ? result : -ENOENT;
  }
  maker = process_id();
  return fd;
}

// A file system may give the same inode number to the next socket at the path, but not at the same
// time.
void remove_address(void) {
  struct stat status;
  if (maker == 0 || current_process_id() != maker || !look_at(made, &status)) return;
  if (status.st_dev == made_status.st_dev && status.st_ino == made_status.st_ino &&
      status.st_ctim.tv_sec == made_status.st_ctim.tv_sec &&
      status.st_ctim.tv_nsec == made_status.st_ctim.tv_nsec)
    remove_file(made);
}
