#define _GNU_SOURCE
#include "control/address.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "process/kernel.h"
#include "process/path.h"
#include "process/process.h"
#include "report/text.h"

enum { kBacklog = 8 };

static char created[kPathSize];  // the name of the socket that this process created
static long creator;             // the process ID; 0: there is no such socket
static struct stat created_status;

static bool read_status(const char* path, struct stat* status) {
  return kernel_call(SYS_newfstatat, (long)AT_FDCWD, path, status, (long)AT_SYMLINK_NOFOLLOW) == 0;
}

static long open_directory_of(const char* path) {
  char directory[kPathSize];
  struct Text text = text_in(directory, sizeof directory);
  add_bytes(&text, path, (size_t)(strrchr(path, '/') - path) + 1);
  return kernel_call(SYS_openat, (long)AT_FDCWD, directory,
                     (long)(O_PATH | O_DIRECTORY | O_CLOEXEC), 0L);
}

// Calls bind or connect (`number`). A socket address holds 107 characters, so a longer path is
// reached through a descriptor of its directory.
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

// Returns whether a process serves the socket. If its queue is full, connect fails with EAGAIN.
static bool is_served(const char* path) {
  long result = try_to_connect(path);
  return result == 0 || result == -EAGAIN;
}

// Returns whether the path is a socket that no process serves. For a file that is not a socket,
// connect fails with ECONNREFUSED as well.
static bool is_abandoned(const char* path) {
  struct stat status;
  return read_status(path, &status) && S_ISSOCK(status.st_mode) &&
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

// Renames the socket `from` to `to`. Replaces an abandoned socket, but nothing else. Some file
// systems do not support RENAME_NOREPLACE.
static long take_name(const char* from, const char* to) {
  struct stat status;
  long result = rename_file(from, to, RENAME_NOREPLACE);
  if (result == -EINVAL) result = read_status(to, &status) ? -EEXIST : rename_file(from, to, 0);
  if (result == -EEXIST && is_abandoned(to)) result = rename_file(from, to, 0);
  return result;
}

long listen_at(const char* path, bool is_child) {
  struct Text own = text_in(created, sizeof created);
  creator = 0;
  add_string(&own, path);
  add_string(&own, ".");
  add_number(&own, process_id());
  if (own.length == sizeof created - 1) return -ENAMETOOLONG;
  long fd = new_socket(0);
  if (fd < 0) return fd;
  long result = bind_and_listen(fd, created);
  if (result == 0 && !is_child) {
    result = take_name(created, path);
    if (result == 0) strcpy(created, path);
    if (result == -EEXIST && is_served(path)) result = 0;
    if (result < 0) remove_file(created);
  }
  if (result < 0 || !read_status(created, &created_status)) {
    kernel_call(SYS_close, fd);
    return result < 0 ? result : -ENOENT;
  }
  creator = process_id();
  return fd;
}

// Another socket at the path may have got the same inode number, but not the same change time.
void remove_address(void) {
  struct stat status;
  if (creator == 0 || current_process_id() != creator || !read_status(created, &status)) return;
  if (status.st_dev == created_status.st_dev && status.st_ino == created_status.st_ino &&
      status.st_ctim.tv_sec == created_status.st_ctim.tv_sec &&
      status.st_ctim.tv_nsec == created_status.st_ctim.tv_nsec)
    remove_file(created);
}
