// echo_floor: what an echo costs when nothing has to be decided. One epoll loop, level-triggered:
// epoll_wait, and for each ready socket one recv and one send of the same bytes. What a library
// needs beyond this is the price of its own work.
//
//   echo_floor PORT
//
// If the kernel does not take all of an echo at once, the rest is kept, and the socket is watched
// for writing instead of reading until it is sent.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

constexpr int kMostDescriptors = 1 << 16;
constexpr int kBacklog = 4096;
constexpr int kEventsPerWait = 256;
constexpr std::size_t kBufferBytes = 65'536;

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

int listen_on(unsigned short port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int one = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  ::setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("bind");
  if (::listen(listener, kBacklog) != 0) fail("listen");
  return listener;
}

class Floor {
 public:
  explicit Floor(unsigned short port) : epoll_(::epoll_create1(0)), listener_(listen_on(port)) {
    control(EPOLL_CTL_ADD, listener_, EPOLLIN);
  }

  [[noreturn]] void run() {
    std::vector<epoll_event> events(kEventsPerWait);
    for (;;) {
      const int count = ::epoll_wait(epoll_, events.data(), kEventsPerWait, -1);
      for (int i = 0; i < count; i++) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        if (fd == listener_) {
          accept_all();
        } else {
          echo(fd);
        }
      }
    }
  }

 private:
  void control(int operation, int fd, unsigned events) const {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    if (::epoll_ctl(epoll_, operation, fd, &event) != 0) fail("epoll_ctl");
  }

  void accept_all() const {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      control(EPOLL_CTL_ADD, fd, EPOLLIN);
    }
  }

  void echo(int fd) {
    std::string& rest = rests_[static_cast<std::size_t>(fd)];
    if (!rest.empty()) return flush(fd, rest);
    const ssize_t size = ::recv(fd, buffer_.data(), buffer_.size(), 0);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) {
      ::close(fd);
      return;
    }
    const ssize_t sent = ::send(fd, buffer_.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (sent == size) return;
    const auto done = static_cast<std::size_t>(sent > 0 ? sent : 0);
    rest.assign(buffer_.data() + done, static_cast<std::size_t>(size) - done);
    control(EPOLL_CTL_MOD, fd, EPOLLOUT);
  }

  void flush(int fd, std::string& rest) const {
    const ssize_t sent = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent > 0) rest.erase(0, static_cast<std::size_t>(sent));
    if (rest.empty()) control(EPOLL_CTL_MOD, fd, EPOLLIN);
  }

  int epoll_;
  int listener_;
  std::vector<char> buffer_ = std::vector<char>(kBufferBytes);
  std::vector<std::string> rests_ = std::vector<std::string>(kMostDescriptors);
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: echo_floor PORT\n", stderr);
    return 2;
  }
  Floor(static_cast<unsigned short>(std::atoi(argv[1]))).run();
}
