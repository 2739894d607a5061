// Step 5, keep alive: the connection serves one request after the other (RFC 9112 section 9.3).
//
// on_data is called again as long as it uses something, so requests that come together are answered
// in order. Between requests idle_timeout runs. A client may ask for the end ("Connection: close"),
// and one that does not read its answers is not read from: send_all() refuses, the request stays
// unused and is handed over again when there is room. HTTP/1.0 clients have to ask for keeping.
//
// Next: src/server/http_connection.h does the same as a state machine, since answers that come from
// a disk have to be waited for; its table of states is this file, continued.
#include <aws/aws.h>

#include <cstdio>
#include <string>

namespace {

std::string response(std::string_view status, bool keep, std::string_view body) {
  return "HTTP/1.1 " + std::string(status) +
         "\r\nContent-Type: text/plain\r\nConnection: " + (keep ? "keep-alive" : "close") +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

struct Answer {
  std::string bytes;
  bool keep = false;
};

Answer answer(std::string_view header) {
  const std::string_view line = header.substr(0, header.find("\r\n"));
  if (!line.starts_with("GET /")) {
    return {response("400 Bad Request", false, "Only GET is understood here.\n"), false};
  }
  const bool asks_to_close = header.find("\r\nConnection: close\r\n") != header.npos;
  const bool asks_to_keep = header.find("\r\nConnection: Keep-Alive\r\n") != header.npos;
  const bool keep = line.ends_with(" HTTP/1.1") ? !asks_to_close : asks_to_keep;
  return {response("200 OK", keep, "You asked: " + std::string(line) + "\n"), keep};
}

}  // namespace

int main(int argc, char** argv) {
  try {
    aws::TcpServer<> server(aws::parse_command_line(argc, argv, "Answers many requests."));
    server.on_data([](aws::Connection<>& client, std::string_view bytes) -> std::size_t {
      const std::size_t end = bytes.find("\r\n\r\n");
      if (end == bytes.npos) return 0;
      const Answer made = answer(bytes.substr(0, end + 4));
      if (!client.send_all(made.bytes)) return 0;
      if (!made.keep) client.close_after_send();
      return end + 4;
    });
    aws::print_listening(server.url("http"));
    server.run();
  } catch (const aws::SetupError& error) {
    std::fprintf(stderr, "5_keep_alive: %s\n", error.what());
    return 1;
  }
}
