// echo_libevent: the smallest honest echo on libevent: a bufferevent whose input is moved to its
// output without a copy (evbuffer_add_buffer).
//
//   echo_libevent PORT
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { kBacklog = 4096 };

static void on_read(struct bufferevent* client, void* context) {
  (void)context;
  evbuffer_add_buffer(bufferevent_get_output(client), bufferevent_get_input(client));
}

static void on_event(struct bufferevent* client, short events, void* context) {
  (void)context;
  if (events & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) bufferevent_free(client);
}

static void on_connection(struct evconnlistener* listener, evutil_socket_t fd,
                          struct sockaddr* from, int size, void* context) {
  (void)from;
  (void)size;
  (void)context;
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct event_base* const base = evconnlistener_get_base(listener);
  struct bufferevent* const client = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
  bufferevent_setcb(client, on_read, NULL, on_event, NULL);
  bufferevent_set_max_single_read(client, 65536);
  bufferevent_set_max_single_write(client, 65536);
  bufferevent_enable(client, EV_READ | EV_WRITE);
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fputs("usage: echo_libevent PORT\n", stderr);
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  struct event_base* const base = event_base_new();
  struct sockaddr_in address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_port = htons((unsigned short)atoi(argv[1]));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  struct evconnlistener* const listener =
      evconnlistener_new_bind(base, on_connection, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE,
                              kBacklog, (struct sockaddr*)&address, sizeof address);
  if (listener == NULL) {
    perror("echo_libevent");
    return 1;
  }
  return event_base_dispatch(base);
}
