#define _GNU_SOURCE
#include "decision/where.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/syscall.h>

#include "plan/glob.h"
#include "process/kernel.h"
#include "process/path.h"
#include "report/text.h"

// ---- Results of earlier comparisons

// The fields of a descriptor that store the results, for paths or for ports.
struct Cache {
  atomic_uint_fast64_t *checked, *matching;  // NULL: results are not stored
  uint64_t rule;                             // the bit of the rule
};

static bool is_cached(const struct Cache* cache, bool* matches) {
  if (cache->checked == NULL || (atomic_load(cache->checked) & cache->rule) == 0) return false;
  *matches = (atomic_load(cache->matching) & cache->rule) != 0;
  return true;
}

static void store(const struct Cache* cache, bool matches) {
  if (cache->checked == NULL) return;
  if (matches) {
    atomic_fetch_or(cache->matching, cache->rule);
  } else {
    atomic_fetch_and(cache->matching, ~cache->rule);
  }
  atomic_fetch_or(cache->checked, cache->rule);
}

static uint64_t bit_of(const struct Plan* plan, const struct Rule* rule) {
  return (uint64_t)1 << (rule - plan->rules);
}

// ---- Paths

// Reads the path of an open file from /proc. Returns false and an empty path on failure.
static bool read_path(int fd, char path[kPathSize]) {
  char link[40];
  struct Text name = text_in(link, sizeof link);
  add_string(&name, "/proc/self/fd/");
  add_number(&name, fd);
  long length = kernel_call(SYS_readlinkat, (long)AT_FDCWD, link, path, (long)kPathSize - 1);
  path[length > 0 ? length : 0] = '\0';
  return length > 0;
}

static bool has_path(const struct Plan* plan, const struct Rule* rule, int fd) {
  char path[kPathSize];
  if (fd < 0) return false;
  struct Cache cache = {.rule = bit_of(plan, rule)};
  struct Descriptor* descriptor = counted_descriptor(fd, plan->generation);
  if (descriptor != NULL) {
    cache.checked = &descriptor->path_checked;
    cache.matching = &descriptor->path_matching;
  }
  bool matches;
  if (is_cached(&cache, &matches)) return matches;
  bool is_read = read_path(fd, path);
  matches = glob_matches(rule->where.path, rule->where.path_length, path);
  if (is_read) store(&cache, matches);
  return matches;
}

static bool path_matches(const struct Plan* plan, const struct Rule* rule,
                         const struct CallInfo* info) {
  if (info->path != NULL)
    return glob_matches(rule->where.path, rule->where.path_length, info->path);
  return has_path(plan, rule, info->fd) || has_path(plan, rule, info->other_fd);
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
  bool is_read = read_path(fd, path);
  const char* slash = strrchr(path, '/');
  hash = hash_of(slash != NULL ? slash + 1 : path);
  if (is_read && descriptor != NULL) atomic_store(&descriptor->name_hash, hash);
  return hash;
}

// ---- Ports

static unsigned port_in(const struct sockaddr* address) {
  if (address->sa_family == AF_INET) return ntohs(((const struct sockaddr_in*)address)->sin_port);
  if (address->sa_family == AF_INET6)
    return ntohs(((const struct sockaddr_in6*)address)->sin6_port);
  return 0;
}

// Compares the peer's port, or the local port of a listening socket. A socket that is not connected
// may connect later, so that result is not stored.
static bool has_port(const struct Plan* plan, const struct Rule* rule, int fd,
                     const struct Subject* subject) {
  if (fd < 0) return false;
  struct Cache cache = {.rule = bit_of(plan, rule)};
  if (subject->descriptor != NULL) {
    cache.checked = &subject->descriptor->port_checked;
    cache.matching = &subject->descriptor->port_matching;
  }
  bool matches;
  if (is_cached(&cache, &matches)) return matches;
  struct sockaddr_storage address;
  socklen_t size = sizeof address;
  long number = subject->kind == kListenerKind ? SYS_getsockname : SYS_getpeername;
  if (kernel_call(number, (long)fd, &address, &size) != 0) return false;
  matches = port_in((const struct sockaddr*)&address) == rule->where.port;
  store(&cache, matches);
  return matches;
}

static bool port_matches(const struct Plan* plan, const struct Rule* rule,
                         const struct CallInfo* info, const struct Subject* subject) {
  if (info->address != NULL) return port_in(info->address) == rule->where.port;
  return has_port(plan, rule, info->fd, subject);
}

// ---- All conditions

bool matches_where(const struct Plan* plan, const struct Rule* rule, const struct CallInfo* info,
                   const struct Subject* subject) {
  const struct Where* where = &rule->where;
  if (info->fd >= 0 && (where->kinds & 1u << subject->kind) == 0) return false;
  if (where->connection != 0 && where->connection != subject->connection) return false;
  if (where->above != 0 && info->length <= where->above) return false;
  return (where->port == 0 || port_matches(plan, rule, info, subject)) &&
         (where->path == NULL || path_matches(plan, rule, info));
}

void compare_with_rules(const struct Plan* plan, int fd, const struct Subject* subject) {
  (void)name_hash(fd);
  for (int i = 0; i < plan->rule_count; i++) {
    const struct Rule* rule = &plan->rules[i];
    if (rule->where.path != NULL) (void)has_path(plan, rule, fd);
    if (rule->where.port != 0) (void)has_port(plan, rule, fd, subject);
  }
}
