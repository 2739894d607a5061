// udp_echo: sends each datagram back to its sender (UDP).
//
// There are no connections: a datagram comes whole or not at all, and a reply may be lost.
#include <aws/aws.h>

#include <cstdio>

int main(int argc, char** argv) {
  try {
    aws::UdpServer server(aws::parse_command_line(argc, argv, "Sends back each datagram."));
    server.on_datagram([](aws::Datagram& datagram) { datagram.reply(datagram.bytes()); });
    aws::print_listening(server.url());
    server.run();
  } catch (const aws::SetupError& error) {
    std::fprintf(stderr, "udp_echo: %s\n", error.what());
    return 1;
  }
}
