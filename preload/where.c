#define _GNU_SOURCE
#include "where.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/syscall.h>

#include "glob.h"
#include "real.h"
#include "text.h"

enum { kPathSize = 4096 };

// The path of an open file, as /proc tells it; empty if it has none.
static void path_of(int fd, char path[kPathSize]) {
  char link[40];
  struct Text name = text_in(link, sizeof link);
  add_string(&name, "/proc/self/fd/");
  add_number(&name, fd);
  long length = kernel_call(SYS_readlinkat, (long)AT_FDCWD, link, path, (long)kPathSize - 1);
  path[length > 0 ? length : 0] = '\0';
}

static bool has_path(const struct Where* where, int fd) {
  char path[kPathSize];
  if (fd < 0) return false;
  path_of(fd, path);
  return glob_matches(where->path, where->path_length, path);
}

static bool is_about_path(const struct Where* where, const struct Asked* asked) {
  if (asked->path != NULL) return glob_matches(where->path, where->path_length, asked->path);
  return has_path(where, asked->fd) || has_path(where, asked->other_fd);
}

static unsigned port_in(const struct sockaddr* address) {
  if (address->sa_family == AF_INET) return ntohs(((const struct sockaddr_in*)address)->sin_port);
  if (address->sa_family == AF_INET6)
    return ntohs(((const struct sockaddr_in6*)address)->sin6_port);
  return 0;
}

// The peer's port; a listener has no peer, and is known by its own.
static bool has_port(unsigned port, const struct Asked* asked, const struct Subject* subject) {
  if (asked->address != NULL) return port_in(asked->address) == port;
  struct sockaddr_storage address;
  socklen_t size = sizeof address;
  long asking = subject->kind == kListenerKind ? SYS_getsockname : SYS_getpeername;
  return asked->fd >= 0 && kernel_call(asking, (long)asked->fd, &address, &size) == 0 &&
         port_in((const struct sockaddr*)&address) == port;
}

bool is_there(const struct Where* where, const struct Asked* asked, const struct Subject* subject) {
  if (asked->fd >= 0 && (where->kinds & 1u << subject->kind) == 0) return false;
  if (where->connection != 0 && where->connection != subject->connection) return false;
  if (where->above != 0 && asked->length <= where->above) return false;
  return (where->port == 0 || has_port(where->port, asked, subject)) &&
         (where->path == NULL || is_about_path(where, asked));
}

// FNV-1a.
uint64_t name_hash(int fd) {
  char path[kPathSize];
  path_of(fd, path);
  const char* slash = strrchr(path, '/');
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (const char* at = slash != NULL ? slash + 1 : path; *at != '\0'; at++)
    hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
  return hash;
}
