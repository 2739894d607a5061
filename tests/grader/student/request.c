// From the request's first line to an open file and the head of the answer.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws.h"
#include "connection.h"
#include "faults.h"

static bool starts_with(const char* text, const char* start) {
  return strncmp(text, start, strlen(start)) == 0;
}

static void set_head(struct Connection* connection, const char* status, off_t length) {
  int count = snprintf(connection->head, kHeadSize,
                       "HTTP/1.0 %s\r\nContent-Length: %lld\r\nConnection: close\r\n\r\n", status,
                       (long long)length + (FAULT(LENGTH_IS_ONE_MORE) && length > 0));
  connection->head_length = (size_t)count;
  connection->size = length;
}

static void refuse(struct Connection* connection, const char* status) {
  connection->dynamic = false;
  set_head(connection, status, 0);
  if (FAULT(UNFRAMED_404))
    connection->head_length = (size_t)sprintf(connection->head, "HTTP/1.0 %s\r\n\r\n", status);
}

// Whether the resolved path lies in one of the two directories.
static bool is_inside(const char* path) {
  size_t length = strlen(root);
  if (strncmp(path, root, length) != 0) return false;
  return starts_with(path + length, "/static/") || starts_with(path + length, "/dynamic/");
}

// Opens a regular file in static/ or dynamic/, wherever its links lead, or returns -1.
static int open_file(const char* target, struct stat* status) {
  char path[2 * PATH_MAX], resolved[PATH_MAX];
  if (strlen(target) >= PATH_MAX) return -1;
  snprintf(path, sizeof path, "%s%s", root, target);
  if (FAULT(LONG_PATH_DIES) && strlen(target) > 255) abort();
  if (realpath(path, resolved) == NULL) return -1;
  bool careless = FAULT(DOTDOT) || (FAULT(FOLLOWS_LINKS) && strstr(target, "..") == NULL);
  if (!is_inside(resolved) && !careless) return -1;
  int file = open(resolved, O_RDONLY | O_CLOEXEC | (FAULT(FIFO_BLOCKS) ? 0 : O_NONBLOCK));
  if (file < 0) return -1;
  if (fstat(file, status) == 0 &&
      (S_ISREG(status->st_mode) || (FAULT(DIRECTORY_IS_A_FILE) && S_ISDIR(status->st_mode))))
    return file;
  close(file);
  return -1;
}

static void answer_file(struct Connection* connection, const char* target) {
  struct stat status;
  connection->dynamic = starts_with(target, "/dynamic/");
  if (!connection->dynamic && !starts_with(target, "/static/")) {
    refuse(connection, FAULT(OTHER_PATH_IS_403) ? "403 Forbidden" : "404 Not Found");
    return;
  }
  connection->file = open_file(target, &status);
  if (connection->file >= 0) {
    set_head(connection, "200 OK", status.st_size);
  } else if (connection->dynamic ? FAULT(MISSING_DYNAMIC_IS_200) : FAULT(MISSING_STATIC_IS_200)) {
    refuse(connection, "200 OK");
  } else {
    refuse(connection, "404 Not Found");
  }
}

// Reads past the end of its memory, and what was freed: nothing comes of it but what valgrind says.
static void misbehave(void) {
  volatile char* memory = malloc(16);
  memory[15] = 0;
  if (FAULT(READS_BEYOND)) (void)memory[16];
  free((char*)memory);
  if (FAULT(USES_FREED)) (void)memory[0];
}

void answer(struct Connection* connection) {
  char* request = connection->request;
  request[connection->request_length] = '\0';
  bool whole = strstr(request, "\r\n\r\n") != NULL;
  bool is_head = FAULT(HEAD_BRINGS_BODY) && starts_with(request, "HEAD ");
  if (FAULT(READS_BEYOND) || FAULT(USES_FREED)) misbehave();
  if (FAULT(NEEDS_HOST) && strstr(request, " HTTP/1.1\r\n") != NULL &&
      strstr(request, "Host:") == NULL) {
    close_connection(connection);
    return;
  }
  char* target = request + (is_head ? 5 : 4);
  char* end = whole ? strpbrk(target, " \r\n") : NULL;
  if (!whole) {
    refuse(connection, "431 Request Header Fields Too Large");
  } else if (!starts_with(request, "GET ") && !is_head) {
    refuse(connection, "405 Method Not Allowed");
  } else if (end == NULL || *end != ' ' || !starts_with(end, " HTTP/1.")) {
    refuse(connection, "400 Bad Request");
  } else {
    *end = '\0';
    answer_file(connection, target);
  }
  connection->state = kSendingHead;
  send_head(connection);
}
