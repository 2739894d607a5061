// chat: sends every line to everybody else (TCP; try it with several `nc localhost PORT`).
//
// A client that does not read must not cost the others anything: its queue is bounded, and when a
// line does not fit any more, the client is closed.
#include <aws/aws.h>

#include <cstdio>
#include <string>

namespace {

struct Name {
  std::string text;
};
using Server = aws::TcpServer<Name>;
using Client = Server::Client;

// Sends `line` to all clients but the one with the number `from`.
void send_to_others(Server& server, std::uint64_t from, std::string line) {
  server.for_each([from, line = std::move(line)](Client& client) {
    if (client.id() == from) return;
    if (!client.send_all(line)) client.close_now();
  });
}

}  // namespace

int main(int argc, char** argv) {
  aws::ServerOptions defaults;
  defaults.send_queue_limit = 64 * 1024;
  defaults.receive_limit = 4096;                         // of a line
  defaults.idle_timeout = std::chrono::milliseconds(0);  // people may be silent
  try {
    Server server(
        aws::parse_command_line(argc, argv, "Sends every line to everybody else.", defaults));
    server.on_connect([&](Client& client) {
      client->text = "guest " + std::to_string(client.id());
      if (!client.send_all("you are " + client->text + "\n")) client.close_now();
      send_to_others(server, client.id(), client->text + " has joined\n");
    });
    server.on_data([&](Client& client, std::string_view bytes) -> std::size_t {
      const std::size_t end = bytes.find('\n');
      if (end == bytes.npos) return 0;  // the rest of the line is still to come
      const std::string line(bytes.substr(0, end + 1));
      send_to_others(server, client.id(), client->text + ": " + line);
      return line.size();
    });
    server.on_close([&](Client& client, std::error_code) {
      send_to_others(server, client.id(), client->text + " has left\n");
    });
    aws::print_listening(server.url());
    server.run();
  } catch (const aws::SetupError& error) {
    std::fprintf(stderr, "chat: %s\n", error.what());
    return 1;
  }
}
