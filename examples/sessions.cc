// sessions: data of each connection, and a page that shows it (HTTP).
//
// Client has an object of type Counts, constructed when the client connects and destroyed after
// on_close: no table from descriptors to objects. What all threads share is atomic.
#include <aws/aws.h>

#include <atomic>
#include <cstdio>
#include <string>

namespace {

struct Counts {
  int reads = 0;
  int writes = 0;
};
using Server = aws::TcpServer<Counts>;
using Client = Server::Client;

struct Totals {
  std::atomic<unsigned long> opened = 0;
  std::atomic<unsigned long> closed = 0;
  std::atomic<unsigned long> errors = 0;
};

std::string page(const Counts& mine, const Totals& all) {
  std::string text = "this connection: " + std::to_string(mine.reads) + " reads, " +
                     std::to_string(mine.writes) + " writes\n";
  // First what is never larger: a client that connects meanwhile must not make "current" negative.
  const unsigned long closed = all.closed;
  const unsigned long opened = all.opened;
  text += "opened " + std::to_string(opened) + "\nclosed " + std::to_string(closed) + "\ncurrent " +
          std::to_string(opened - closed) + "\nerrors " + std::to_string(all.errors.load()) + "\n";
  return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: "
         "keep-alive\r\nContent-Length: " +
         std::to_string(text.size()) + "\r\n\r\n" + text;
}

}  // namespace

int main(int argc, char** argv) {
  Totals totals;
  try {
    Server server(aws::parse_command_line(argc, argv, "Counts connections, reads and writes."));
    server.on_connect([&](Client&) { ++totals.opened; });
    server.on_close([&](Client&, std::error_code error) {
      ++totals.closed;
      if (error) ++totals.errors;
    });
    server.on_data([&](Client& client, std::string_view bytes) -> std::size_t {
      ++client->reads;
      const std::size_t end = bytes.find("\r\n\r\n");
      if (end == bytes.npos) return 0;  // the rest of the request is still to come
      ++client->writes;
      // No room in the queue: the request stays unused, and is handed over again when there is.
      return client.send_all(page(client.data(), totals)) ? end + 4 : 0;
    });
    aws::print_listening(server.url("http"));
    server.run();
  } catch (const aws::SetupError& error) {
    std::fprintf(stderr, "sessions: %s\n", error.what());
    return 1;
  }
}
