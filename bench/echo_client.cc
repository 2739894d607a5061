// echo_client: a load of messages for an echo server. Each connection sends a message, waits for
// all of it to come back, and sends the next.
//
//   echo_client PORT CONNECTIONS BYTES SECONDS
//
// Prints "ready" when all connections work, and one line of JSON SECONDS later:
// {"messages": N, "seconds": S}. Exit status 1 if a connection fails, or
// an echo is not what was sent.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kEventsPerWait = 256;
constexpr int kMostWaitMs = 5000;  // for any echo at all
constexpr std::size_t kStampBytes = sizeof(std::uint64_t);

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "echo_client: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

// A connection with one message under way. The message begins and ends with its number.
class Connection {
 public:
  Connection(int epoll, unsigned short port, std::size_t bytes, std::uint64_t first)
      : epoll_(epoll),
        fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        message_(bytes, 'x'),
        number_(first) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("connect");
    const int one = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  }

  void start() {
    control(EPOLL_CTL_ADD, EPOLLIN);
    next_message();
    send_rest();
  }

  // Does what the socket allows. Returns how many messages have come back.
  unsigned on_ready(std::vector<char>& buffer) {
    if (sent_ < message_.size()) send_rest();
    const ssize_t size = ::recv(fd_, buffer.data(), message_.size() - received_, MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return 0;
    if (size <= 0) fail("the server closed a connection");
    if (std::memcmp(buffer.data(), message_.data() + received_, static_cast<std::size_t>(size)) !=
        0) {
      errno = EBADMSG;
      fail("an echo differs from its message");
    }
    received_ += static_cast<std::size_t>(size);
    if (received_ < message_.size()) return 0;
    next_message();
    send_rest();
    return 1;
  }

 private:
  void next_message() {
    ++number_;
    std::memcpy(message_.data(), &number_, kStampBytes);
    std::memcpy(message_.data() + message_.size() - kStampBytes, &number_, kStampBytes);
    sent_ = received_ = 0;
  }

  void send_rest() {
    const ssize_t size =
        ::send(fd_, message_.data() + sent_, message_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size < 0 && errno != EAGAIN) fail("send");
    sent_ += static_cast<std::size_t>(size > 0 ? size : 0);
    const bool waits = sent_ < message_.size();
    if (waits != watches_out_) control(EPOLL_CTL_MOD, waits ? EPOLLIN | EPOLLOUT : EPOLLIN);
    watches_out_ = waits;
  }

  void control(int operation, unsigned events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = this;
    if (::epoll_ctl(epoll_, operation, fd_, &event) != 0) fail("epoll_ctl");
  }

  int epoll_;
  int fd_;
  std::vector<char> message_;
  std::uint64_t number_;
  std::size_t sent_ = 0;
  std::size_t received_ = 0;
  bool watches_out_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 || std::atoi(argv[3]) < static_cast<int>(2 * kStampBytes)) {
    std::fputs("usage: echo_client PORT CONNECTIONS BYTES SECONDS (BYTES: 16 or more)\n", stderr);
    return 2;
  }
  const auto port = static_cast<unsigned short>(std::atoi(argv[1]));
  const auto count = static_cast<std::size_t>(std::atoi(argv[2]));
  const auto bytes = static_cast<std::size_t>(std::atoi(argv[3]));
  const double seconds = std::atof(argv[4]);
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<Connection> connections;
  connections.reserve(count);  // epoll knows their addresses
  for (std::size_t i = 0; i < count; i++)
    connections.emplace_back(epoll, port, bytes, std::uint64_t{i} << 32U);
  for (Connection& connection : connections)
    connection.start();

  std::vector<char> buffer(bytes);
  std::vector<epoll_event> events(kEventsPerWait);
  const auto exchange = [&] {  // one wait; returns the messages that have come back
    const int ready = ::epoll_wait(epoll, events.data(), kEventsPerWait, kMostWaitMs);
    if (ready == 0) fail("no echo came");
    std::uint64_t messages = 0;
    for (int i = 0; i < ready; i++) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      messages += static_cast<Connection*>(event.data.ptr)->on_ready(buffer);
    }
    return messages;
  };
  for (std::uint64_t warm_up = 0; warm_up < count;)
    warm_up += exchange();
  std::puts("ready");  // the caller notes what the server has cost so far
  std::fflush(stdout);

  std::uint64_t messages = 0;
  const auto start = Clock::now();
  double passed = 0;
  while (passed < seconds) {
    messages += exchange();
    passed = std::chrono::duration<double>(Clock::now() - start).count();
  }
  std::printf("{\"messages\": %llu, \"seconds\": %.6f}\n",
              static_cast<unsigned long long>(messages), passed);
}
