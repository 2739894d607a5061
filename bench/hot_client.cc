// hot_client: how long each answer takes, in nanoseconds, while somebody else takes a cold file.
// One connection asks for a small file again as soon as it is answered. It does so for a time, or
// for as long as a second connection, in a thread that yields to the first, takes another file.
//
//   hot_client PORT HOT_TARGET SECONDS [COLD_TARGET]
//
// With a COLD_TARGET, SECONDS bound the whole. Prints one line of JSON; exit status 1 if an answer
// was not 200, or did not come whole.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kHeadBytes = 16384;
constexpr std::size_t kDiscardBytes = 1 << 20;  // of the cold file, at a time
constexpr int kWarmUpRequests = 1000;           // not counted
constexpr std::size_t kExpectedRequests = 1 << 20;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "hot_client: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

struct Head {
  std::size_t bytes = 0;   // up to and with the empty line
  std::size_t length = 0;  // of the body, as announced
};

class HttpConnection {
 public:
  HttpConnection(unsigned short port, const char* target)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        request_("GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        buffer_(kHeadBytes) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      fail("connect");
    }
    const int one = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  }
  ~HttpConnection() { ::close(socket_); }
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  // One request, and its whole answer. Returns the number of the body's bytes.
  std::size_t ask() {
    if (::send(socket_, request_.data(), request_.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request_.size())) {
      fail("send");
    }
    std::size_t have = 0;
    Head head;
    while (head.bytes == 0) {
      const ssize_t received = ::recv(socket_, buffer_.data() + have, buffer_.size() - have, 0);
      if (received <= 0) fail("the answer's head did not come");
      have += static_cast<std::size_t>(received);
      head = read_head(std::string_view(buffer_.data(), have));
    }
    for (std::size_t rest = head.bytes + head.length - have; rest > 0;) {
      // MSG_TRUNC drops the bytes without a copy: the client is to cost as little as it can.
      const ssize_t dropped = ::recv(socket_, nullptr, std::min(rest, kDiscardBytes), MSG_TRUNC);
      if (dropped <= 0) fail("the answer's body did not come whole");
      rest -= static_cast<std::size_t>(dropped);
    }
    return head.length;
  }

 private:
  // What a head announces; zeros while it is incomplete.
  static Head read_head(std::string_view text) {
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string_view::npos) return {};
    if (!text.starts_with("HTTP/1.1 200")) fail("the status is not 200");
    static constexpr std::string_view kName = "\r\ncontent-length:";
    const auto at = std::search(
        text.begin(), text.end(), kName.begin(), kName.end(),
        [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b; });
    if (at == text.end()) fail("the answer has no length");
    return {end + 4, std::strtoull(&*at + kName.size(), nullptr, 10)};
  }

  int socket_;
  std::string request_;
  std::vector<char> buffer_;
};

struct ColdResult {
  std::size_t bytes = 0;
  double seconds = 0;
};

double seconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

ColdResult take_cold_file(unsigned short port, const char* target) {
  // On the core that both share, the hot client goes first.
  sched_param lowest{};
  ::pthread_setschedparam(::pthread_self(), SCHED_IDLE, &lowest);
  HttpConnection connection(port, target);
  const auto start = Clock::now();
  const std::size_t bytes = connection.ask();
  return {bytes, seconds_between(start, Clock::now())};
}

std::uint32_t percentile(const std::vector<std::uint32_t>& sorted, double share) {
  if (sorted.empty()) return 0;
  const auto index = static_cast<std::size_t>(share * static_cast<double>(sorted.size()));
  return sorted[std::min(index, sorted.size() - 1)];
}

void print(std::vector<std::uint32_t>& nanoseconds, double seconds, const ColdResult& cold) {
  std::sort(nanoseconds.begin(), nanoseconds.end());
  std::printf(
      "{\"requests\": %zu, \"seconds\": %.6f, \"p50_ns\": %u, \"p99_ns\": %u, "
      "\"p999_ns\": %u, \"max_ns\": %u, \"cold_bytes\": %zu, \"cold_seconds\": %.6f}\n",
      nanoseconds.size(), seconds, percentile(nanoseconds, 0.5), percentile(nanoseconds, 0.99),
      percentile(nanoseconds, 0.999), percentile(nanoseconds, 1), cold.bytes, cold.seconds);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fputs("usage: hot_client PORT HOT_TARGET SECONDS [COLD_TARGET]\n", stderr);
    return 2;
  }
  const auto port = static_cast<unsigned short>(std::atoi(argv[1]));
  const double limit_s = std::atof(argv[3]);
  HttpConnection hot(port, argv[2]);
  for (int i = 0; i < kWarmUpRequests; i++)
    hot.ask();

  std::vector<std::uint32_t> nanoseconds;
  nanoseconds.reserve(kExpectedRequests);
  ColdResult cold;
  std::atomic<bool> cold_done = false;
  std::thread cold_client;
  if (argc > 4) {
    cold_client = std::thread([&] {
      cold = take_cold_file(port, argv[4]);
      cold_done = true;
    });
  }
  const auto start = Clock::now();
  auto now = start;
  while (!cold_done && seconds_between(start, now) < limit_s) {
    const auto asked = now;
    hot.ask();
    now = Clock::now();
    nanoseconds.push_back(static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(now - asked).count()));
  }
  if (cold_client.joinable()) {
    if (!cold_done) {
      std::fprintf(stderr, "hot_client: the cold file did not come within %s s\n", argv[3]);
      std::_Exit(1);
    }
    cold_client.join();
  }
  print(nanoseconds, seconds_between(start, now), cold);
}
