// Step 1, accept: every client that connects is closed at once.
//
// The kernel has done most of the work: it listens, shakes hands with clients, and lets them wait
// in an accept queue. The loop sleeps in epoll_wait(2) until one waits, takes it with accept4(2),
// and calls on_connect. See src/loop/acceptor.h for what happens when descriptors run out.
//
// Next, in 2_concurrent: clients stay, many at once.
#include <aws/aws.h>

#include <cstdio>

int main(int argc, char** argv) {
  try {
    aws::TcpServer<> server(aws::parse_command_line(argc, argv, "Accepts and closes."));
    server.on_connect([](aws::Connection<>& client) { client.close_now(); });
    aws::print_listening(server.url());
    server.run();
  } catch (const aws::SetupError& error) {
    std::fprintf(stderr, "1_accept: %s\n", error.what());
    return 1;
  }
}
