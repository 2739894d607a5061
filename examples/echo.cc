// echo: sends back what it receives (TCP).
//
// on_data returns how many bytes it has used. send() accepts no more than its queue can hold, so a
// client that does not read its echo is not read from either, and no byte is lost.
#include <aws/aws.h>

#include <cstdio>

int main(int argc, char** argv) {
  try {
    aws::TcpServer<> server(aws::parse_command_line(argc, argv, "Sends back what it receives."));
    server.on_data(
        [](aws::Connection<>& client, std::string_view bytes) { return client.send(bytes); });
    aws::print_listening(server.url());
    server.run();
  } catch (const aws::SetupError& error) {
    std::fprintf(stderr, "echo: %s\n", error.what());
    return 1;
  }
}
