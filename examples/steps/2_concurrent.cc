// Step 2, many at once: clients stay connected, and each is greeted with how many there are.
//
// No thread waits for a client: all sockets are nonblocking, one epoll instance watches them, and
// an idle client costs a few hundred bytes. on_close tells when one has left, however it left.
//
// Next, in 3_read_request: what a client sends is read.
#include <aws/aws.h>

#include <atomic>
#include <cstdio>
#include <string>

int main(int argc, char** argv) {
  std::atomic<int> connected = 0;
  try {
    aws::TcpServer<> server(aws::parse_command_line(argc, argv, "Keeps many clients."));
    server.on_connect([&](aws::Connection<>& client) {
      const std::string greeting = std::to_string(++connected) + " connected\n";
      if (!client.send_all(greeting)) client.close_now();
    });
    server.on_close([&](aws::Connection<>&, std::error_code) { --connected; });
    aws::print_listening(server.url());
    server.run();
  } catch (const aws::SetupError& error) {
    std::fprintf(stderr, "2_concurrent: %s\n", error.what());
    return 1;
  }
}
