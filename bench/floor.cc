// floor: what an answer costs when nothing has to be decided. One epoll loop that reads no request:
// it counts the ends of heads in what arrives, and answers each by send(head, MSG_MORE) and
// sendfile of one fixed file. What a server needs beyond this is the price of its own work.
//
//   floor PORT STATUS FILE|- [close]     "-": a head alone; close: a connection for each answer
//
// It trusts its client (a benchmark on the same machine): a request is expected to arrive whole.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

constexpr int kMostDescriptors = 1 << 16;
constexpr int kBacklog = 4096;
constexpr int kEventsATurn = 256;
constexpr std::size_t kRequestBytes = 16384;

enum class Progress { AllSent, Blocked, Gone };

// A client's share: how many answers it is owed, and how far the first of them has got.
struct Client {
  unsigned owed = 0;
  bool head_sent = false;
  off_t offset = 0;
  bool awaits_socket = false;
};

struct Answer {
  std::string head;
  int file = -1;  // -1: a head alone
  off_t size_bytes = 0;
  bool close_after = false;
};

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

Answer make_answer(const std::string& status, const char* path, bool close_after) {
  Answer answer;
  answer.close_after = close_after;
  if (std::strcmp(path, "-") != 0) {
    answer.file = ::open(path, O_RDONLY | O_CLOEXEC);
    struct stat found {};
    if (answer.file < 0 || ::fstat(answer.file, &found) != 0) fail(path);
    answer.size_bytes = found.st_size;
  }
  answer.head = "HTTP/1.1 " + status + " -\r\nContent-Type: application/octet-stream\r\n";
  // A 304 has no body, and its length would be that of another answer.
  if (status != "304") {
    answer.head += "Content-Length: " + std::to_string(answer.size_bytes) + "\r\n";
  }
  answer.head += close_after ? "Connection: close\r\n\r\n" : "\r\n";
  return answer;
}

int listen_on(unsigned short port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int one = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  // Accepted sockets inherit it.
  ::setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  // Whoever is let in has asked something, or said nothing for a second.
  ::setsockopt(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, kBacklog) != 0) {
    fail("listen");
  }
  return listener;
}

Progress send_one(int socket, Client& client, const Answer& answer) {
  if (!client.head_sent) {
    const int more = answer.size_bytes > 0 ? MSG_MORE : 0;
    const ssize_t sent =
        ::send(socket, answer.head.data(), answer.head.size(), more | MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN ? Progress::Blocked : Progress::Gone;
    if (static_cast<std::size_t>(sent) != answer.head.size()) return Progress::Gone;
    client.head_sent = true;
  }
  while (client.offset < answer.size_bytes) {
    const auto rest = static_cast<std::size_t>(answer.size_bytes - client.offset);
    const ssize_t sent = ::sendfile(socket, answer.file, &client.offset, rest);
    if (sent < 0) return errno == EAGAIN ? Progress::Blocked : Progress::Gone;
    if (sent == 0) return Progress::Gone;
  }
  client.head_sent = false;
  client.offset = 0;
  client.owed--;
  return Progress::AllSent;
}

Progress send_owed(int socket, Client& client, const Answer& answer) {
  Progress progress = Progress::AllSent;
  while (client.owed > 0 && progress == Progress::AllSent) {
    progress = send_one(socket, client, answer);
    if (progress == Progress::AllSent && answer.close_after) return Progress::Gone;
  }
  return progress;
}

// Reads what has come, and adds what it asks for to what the client is owed.
bool receive(int socket, Client& client) {
  static char buffer[kRequestBytes];
  const ssize_t received = ::recv(socket, buffer, sizeof buffer, 0);
  if (received <= 0) return received < 0 && errno == EAGAIN;
  const char* const end = buffer + received;
  const char* at = buffer;
  while ((at = static_cast<const char*>(
              ::memmem(at, static_cast<std::size_t>(end - at), "\r\n\r\n", 4))) != nullptr) {
    client.owed++;
    at += 4;
  }
  return true;
}

void accept_all(int epoll, int listener, std::vector<Client>& clients) {
  for (;;) {
    const int socket = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) return;
    if (socket >= kMostDescriptors) {
      ::close(socket);
      continue;
    }
    clients[static_cast<std::size_t>(socket)] = Client{};
    epoll_event interest{.events = EPOLLIN, .data = {.fd = socket}};
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &interest);
  }
}

void serve(int epoll, int socket, std::uint32_t events, Client& client, const Answer& answer) {
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !receive(socket, client)) {
    ::close(socket);
    return;
  }
  const Progress progress = send_owed(socket, client, answer);
  if (progress == Progress::Gone) {
    ::close(socket);
    return;
  }
  const bool blocked = progress == Progress::Blocked;
  if (blocked != client.awaits_socket) {
    client.awaits_socket = blocked;
    epoll_event interest{.events = blocked ? EPOLLOUT : EPOLLIN, .data = {.fd = socket}};
    ::epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &interest);
  }
}

[[noreturn]] void run(int listener, const Answer& answer) {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event interest{.events = EPOLLIN, .data = {.fd = listener}};
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &interest);
  std::vector<Client> clients(kMostDescriptors);
  epoll_event events[kEventsATurn];
  for (;;) {
    const int ready = ::epoll_wait(epoll, events, kEventsATurn, -1);
    for (int i = 0; i < ready; i++) {
      const int fd = events[i].data.fd;
      if (fd == listener) {
        accept_all(epoll, listener, clients);
      } else {
        serve(epoll, fd, events[i].events, clients[static_cast<std::size_t>(fd)], answer);
      }
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fputs("usage: floor PORT STATUS FILE|- [close]\n", stderr);
    return 2;
  }
  ::signal(SIGPIPE, SIG_IGN);  // sendfile knows no MSG_NOSIGNAL
  const bool close_after = argc > 4 && std::strcmp(argv[4], "close") == 0;
  const Answer answer = make_answer(argv[2], argv[3], close_after);
  run(listen_on(static_cast<unsigned short>(std::atoi(argv[1]))), answer);
}
