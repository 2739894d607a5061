// hello: answers whatever it is sent with a greeting, and closes (HTTP).
//
// It does not read the request, only waits until something has come. close_after_send() lets the
// client take the whole answer first.
#include <aws/aws.h>

#include <cstdio>

namespace {

constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\n"
    "Content-Type: text/plain\r\n"
    "Content-Length: 14\r\n"
    "Connection: close\r\n"
    "\r\n"
    "Hello, world!\n";

}  // namespace

int main(int argc, char** argv) {
  try {
    aws::TcpServer<> server(aws::parse_command_line(argc, argv, "Says hello to every client."));
    server.on_data([](aws::Connection<>& client, std::string_view /*bytes*/) {
      // A small answer always fits into an empty queue.
      if (!client.send_all(kAnswer)) std::fprintf(stderr, "hello: the answer did not fit\n");
      client.close_after_send();
    });
    aws::print_listening(server.url("http"));
    server.run();
  } catch (const aws::SetupError& error) {
    std::fprintf(stderr, "hello: %s\n", error.what());
    return 1;
  }
}
