// Step 3, read a request: the whole header is read before anything is answered.
//
// TCP is a stream of bytes: a header may come in one piece, byte by byte, or together with the next
// one. So on_data returns 0, "none used yet", until the empty line that ends a header is there; the
// bytes are handed over again, together with the next ones. receive_limit bounds how many are kept.
//
// Next, in 4_respond: the answer is a complete response.
#include <aws/aws.h>

#include <cstdio>

int main(int argc, char** argv) {
  try {
    aws::TcpServer<> server(aws::parse_command_line(argc, argv, "Reads a header, says 200."));
    server.on_data([](aws::Connection<>& client, std::string_view bytes) -> std::size_t {
      const std::size_t end = bytes.find("\r\n\r\n");
      if (end == bytes.npos) return 0;
      if (!client.send_all("HTTP/1.1 200 OK\r\n\r\n")) return 0;
      client.close_after_send();
      return end + 4;
    });
    aws::print_listening(server.url("http"));
    server.run();
  } catch (const aws::SetupError& error) {
    std::fprintf(stderr, "3_read_request: %s\n", error.what());
    return 1;
  }
}
