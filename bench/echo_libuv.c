// echo_libuv: the smallest honest echo on libuv: uv_try_write() first, uv_write() for the rest, as
// its documentation recommends.
//
//   echo_libuv PORT
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { kBacklog = 4096, kBufferBytes = 65536 };

static char buffer[kBufferBytes];  // one loop, one read at a time

struct Rest {
  uv_write_t request;
  char bytes[];
};

static void allocate(uv_handle_t* handle, size_t suggested, uv_buf_t* into) {
  (void)handle;
  (void)suggested;
  *into = uv_buf_init(buffer, sizeof buffer);
}

static void on_closed(uv_handle_t* handle) {
  free(handle);
}

static void on_written(uv_write_t* request, int status) {
  (void)status;  // the read callback sees the end
  free(request);
}

static void on_read(uv_stream_t* client, ssize_t size, const uv_buf_t* bytes) {
  if (size < 0) {
    uv_close((uv_handle_t*)client, on_closed);
    return;
  }
  if (size == 0) return;  // would block
  uv_buf_t all = uv_buf_init(bytes->base, (unsigned)size);
  const int taken = uv_try_write(client, &all, 1);
  const size_t done = taken > 0 ? (size_t)taken : 0;
  if (done == (size_t)size) return;
  const size_t left = (size_t)size - done;
  struct Rest* const rest = malloc(sizeof *rest + left);
  memcpy(rest->bytes, bytes->base + done, left);
  uv_buf_t part = uv_buf_init(rest->bytes, (unsigned)left);
  uv_write(&rest->request, client, &part, 1, on_written);
}

static void on_connection(uv_stream_t* server, int status) {
  if (status < 0) return;
  uv_tcp_t* const client = malloc(sizeof *client);
  uv_tcp_init(server->loop, client);
  if (uv_accept(server, (uv_stream_t*)client) != 0) {
    uv_close((uv_handle_t*)client, on_closed);
    return;
  }
  uv_tcp_nodelay(client, 1);
  uv_read_start((uv_stream_t*)client, allocate, on_read);
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fputs("usage: echo_libuv PORT\n", stderr);
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  uv_loop_t* const loop = uv_default_loop();
  uv_tcp_t server;
  struct sockaddr_in address;
  uv_tcp_init(loop, &server);
  uv_ip4_addr("127.0.0.1", atoi(argv[1]), &address);
  uv_tcp_bind(&server, (const struct sockaddr*)&address, 0);
  const int result = uv_listen((uv_stream_t*)&server, kBacklog, on_connection);
  if (result != 0) {
    fprintf(stderr, "echo_libuv: %s\n", uv_strerror(result));
    return 1;
  }
  return uv_run(loop, UV_RUN_DEFAULT);
}
