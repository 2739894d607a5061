// Step 4, respond: a full header is answered by a full response, then the connection is closed.
//
// A response says how long its body is, and that the connection ends (RFC 9112 sections 6 and 9.6).
// A request that is not understood is answered, too, by 400. The end is half of the work: a socket
// that is closed with unread input resets the connection, and the client may lose what it has not
// read. close_after_send() sends everything, half-closes, and waits for the client to close.
//
// Next, in 5_keep_alive: the connection is kept for the next request.
#include <aws/aws.h>

#include <cstdio>
#include <string>

namespace {

std::string response(std::string_view status, std::string_view body) {
  return "HTTP/1.1 " + std::string(status) +
         "\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

// The answer to a whole header: the first line says what is wanted.
std::string answer(std::string_view header) {
  const std::string_view line = header.substr(0, header.find("\r\n"));
  const bool is_get = line.starts_with("GET /") && line.find(" HTTP/1.") != line.npos;
  if (!is_get) return response("400 Bad Request", "Only GET is understood here.\n");
  return response("200 OK", "You asked: " + std::string(line) + "\n");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    aws::TcpServer<> server(aws::parse_command_line(argc, argv, "Answers one request a client."));
    server.on_data([](aws::Connection<>& client, std::string_view bytes) -> std::size_t {
      const std::size_t end = bytes.find("\r\n\r\n");
      if (end == bytes.npos) return 0;
      if (!client.send_all(answer(bytes.substr(0, end + 4)))) return 0;
      client.close_after_send();
      return end + 4;
    });
    aws::print_listening(server.url("http"));
    server.run();
  } catch (const aws::SetupError& error) {
    std::fprintf(stderr, "4_respond: %s\n", error.what());
    return 1;
  }
}
