#define _GNU_SOURCE
#include "where.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/syscall.h>

#include "glob.h"
#include "path.h"
#include "real.h"
#include "text.h"

// The path of an open file, as /proc tells it. Returns false if it has none.
static bool read_path(int fd, char path[kPathSize]) {
  char link[40];
  struct Text name = text_in(link, sizeof link);
  add_string(&name, "/proc/self/fd/");
  add_number(&name, fd);
  long length = kernel_call(SYS_readlinkat, (long)AT_FDCWD, link, path, (long)kPathSize - 1);
  path[length > 0 ? length : 0] = '\0';
  return length > 0;
}

// What was found before, for this rule and the descriptor.
struct Finding {
  atomic_uint_fast64_t *asked, *agrees;
  uint64_t rule;
};

static bool is_found(const struct Finding* finding, bool* agrees) {
  if (finding->asked == NULL || (atomic_load(finding->asked) & finding->rule) == 0) return false;
  *agrees = (atomic_load(finding->agrees) & finding->rule) != 0;
  return true;
}

static void keep(const struct Finding* finding, bool agrees) {
  if (finding->asked == NULL) return;
  if (agrees) {
    atomic_fetch_or(finding->agrees, finding->rule);
  } else {
    atomic_fetch_and(finding->agrees, ~finding->rule);
  }
  atomic_fetch_or(finding->asked, finding->rule);
}

static bool has_path(const struct Plan* plan, const struct Rule* rule, int fd) {
  char path[kPathSize];
  if (fd < 0) return false;
  struct Descriptor* descriptor = counted_descriptor(fd, plan->generation);
  struct Finding finding = {.rule = (uint64_t)1 << (rule - plan->rules)};
  if (descriptor != NULL) {
    finding.asked = &descriptor->path_asked;
    finding.agrees = &descriptor->path_agrees;
  }
  bool agrees;
  if (is_found(&finding, &agrees)) return agrees;
  if (!read_path(fd, path)) return glob_matches(rule->where.path, rule->where.path_length, "");
  agrees = glob_matches(rule->where.path, rule->where.path_length, path);
  keep(&finding, agrees);
  return agrees;
}

static bool is_about_path(const struct Plan* plan, const struct Rule* rule,
                          const struct Asked* asked) {
  if (asked->path != NULL)
    return glob_matches(rule->where.path, rule->where.path_length, asked->path);
  return has_path(plan, rule, asked->fd) || has_path(plan, rule, asked->other_fd);
}

static unsigned port_in(const struct sockaddr* address) {
  if (address->sa_family == AF_INET) return ntohs(((const struct sockaddr_in*)address)->sin_port);
  if (address->sa_family == AF_INET6)
    return ntohs(((const struct sockaddr_in6*)address)->sin6_port);
  return 0;
}

// The peer's port; a listener has no peer, and is known by its own. A socket without a peer may get
// one, so only a port is kept.
static bool has_port(const struct Plan* plan, const struct Rule* rule, int fd,
                     const struct Subject* subject) {
  if (fd < 0) return false;
  struct Finding finding = {.rule = (uint64_t)1 << (rule - plan->rules)};
  if (subject->descriptor != NULL) {
    finding.asked = &subject->descriptor->port_asked;
    finding.agrees = &subject->descriptor->port_agrees;
  }
  bool agrees;
  if (is_found(&finding, &agrees)) return agrees;
  struct sockaddr_storage address;
  socklen_t size = sizeof address;
  long asking = subject->kind == kListenerKind ? SYS_getsockname : SYS_getpeername;
  if (kernel_call(asking, (long)fd, &address, &size) != 0) return false;
  agrees = port_in((const struct sockaddr*)&address) == rule->where.port;
  keep(&finding, agrees);
  return agrees;
}

bool is_there(const struct Plan* plan, const struct Rule* rule, const struct Asked* asked,
              const struct Subject* subject) {
  const struct Where* where = &rule->where;
  if (asked->fd >= 0 && (where->kinds & 1u << subject->kind) == 0) return false;
  if (where->connection != 0 && where->connection != subject->connection) return false;
  if (where->above != 0 && asked->length <= where->above) return false;
  if (where->port != 0 && !(asked->address != NULL ? port_in(asked->address) == where->port
                                                   : has_port(plan, rule, asked->fd, subject)))
    return false;
  return where->path == NULL || is_about_path(plan, rule, asked);
}

void compare_with_rules(const struct Plan* plan, int fd, const struct Subject* subject) {
  (void)name_hash(fd);
  for (int i = 0; i < plan->rule_count; i++) {
    const struct Rule* rule = &plan->rules[i];
    if (rule->where.path != NULL) (void)has_path(plan, rule, fd);
    if (rule->where.port != 0) (void)has_port(plan, rule, fd, subject);
  }
}

// FNV-1a.
static uint64_t hash_of(const char* name) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (; *name != '\0'; name++)
    hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
  return hash;
}

uint64_t name_hash(int fd) {
  char path[kPathSize];
  struct Descriptor* descriptor = find_descriptor(fd);
  uint64_t hash = descriptor != NULL ? atomic_load(&descriptor->name_hash) : 0;
  if (hash != 0) return hash;
  bool has_path = read_path(fd, path);
  const char* slash = strrchr(path, '/');
  hash = hash_of(slash != NULL ? slash + 1 : path);
  if (has_path && descriptor != NULL) atomic_store(&descriptor->name_hash, hash);
  return hash;
}
