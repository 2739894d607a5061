// The callback API over real sockets: what handlers are told, and what becomes of each byte.
#include "aws/tcp_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "os/unique_fd.h"

namespace aws {
namespace {

using namespace std::chrono_literals;

// Counts the objects that exist.
struct Counted {
  Counted() { ++alive; }
  ~Counted() { --alive; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  static inline std::atomic<int> alive = 0;
  int number = 0;
};

using Server = TcpServer<Counted>;
using Client = Server::Client;

class TcpServerTest : public testing::Test {
 protected:
  ~TcpServerTest() override { end(); }

  Server& build(ServerOptions options = {}) {
    options.addresses = {"127.0.0.1"};
    options.stop_on_signals = false;
    server_.emplace(options);
    server_->on_close([this](Client&, std::error_code error) { closed_.set_value(error); });
    return *server_;
  }
  void run() {
    thread_ = std::thread([this] { server_->run(); });
  }
  void end() {
    if (server_) server_->stop();
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] UniqueFd connect(int receive_buffer = 0) const {
    UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (receive_buffer > 0) {
      ::setsockopt(client.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server_->port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    return client;
  }
  static void say(const UniqueFd& client, std::string_view bytes) {
    EXPECT_EQ(::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  // All bytes until the end of the stream.
  static std::string hear(const UniqueFd& client) {
    std::string all;
    std::string part(65'536, '\0');
    for (;;) {
      const ssize_t size = ::recv(client.get(), part.data(), part.size(), 0);
      if (size <= 0) return all;
      all.append(part, 0, static_cast<std::size_t>(size));
    }
  }
  [[nodiscard]] std::error_code close_error() { return closed_.get_future().get(); }

  std::optional<Server> server_;
  std::thread thread_;
  std::promise<std::error_code> closed_;
};

TEST_F(TcpServerTest, ConstructsTheDataAtConnectAndDestroysItAfterClose) {
  std::promise<int> at_connect;
  Server& server = build();
  server.on_connect([&](Client& client) {
    client->number = 7;
    at_connect.set_value(Counted::alive);
  });
  std::promise<int> at_close;
  server.on_close([&](Client& client, std::error_code) { at_close.set_value(client->number); });
  EXPECT_EQ(Counted::alive, 0);
  run();
  UniqueFd client = connect();
  EXPECT_EQ(at_connect.get_future().get(), 1);
  client.reset();
  EXPECT_EQ(at_close.get_future().get(), 7) << "it exists while on_close runs";
  end();
  EXPECT_EQ(Counted::alive, 0);
}

TEST_F(TcpServerTest, HandsUnusedBytesOverAgainWithThoseThatFollow) {
  std::string seen;
  std::promise<void> first;
  build().on_data([&](Client& client, std::string_view bytes) -> std::size_t {
    seen += "[" + std::string(bytes) + "]";
    if (bytes == "ab") first.set_value();
    if (bytes.find('\n') == bytes.npos) return 0;
    EXPECT_EQ(client.received(), "ab\nc");
    client.close_after_send();
    return 3;
  });
  run();
  UniqueFd client = connect();
  say(client, "ab");
  first.get_future().wait();
  say(client, "\nc");
  EXPECT_EQ(hear(client), "");
  client.reset();
  end();
  EXPECT_EQ(seen, "[ab][ab\nc]");
}

TEST_F(TcpServerTest, AcceptsNoMoreThanTheQueueHoldsAndTellsWhenThereIsRoom) {
  constexpr std::size_t kLimit = 100'000;
  const std::string block(64 * 1024 * 1024, 'x');
  std::promise<std::size_t> accepted;
  std::promise<std::size_t> queued_when_writable;
  Server& server = build({.send_queue_limit = kLimit});
  server.on_connect([&](Client& client) {
    const std::size_t first = client.send(block);
    EXPECT_LT(first, block.size());
    EXPECT_EQ(client.queued(), kLimit);
    EXPECT_EQ(client.send("y"), 0U);
    EXPECT_FALSE(client.send_all("y"));
    accepted.set_value(first);
  });
  server.on_writable([&](Client& client) {
    queued_when_writable.set_value(client.queued());
    EXPECT_TRUE(client.send_all("the end"));
    client.close_after_send();
  });
  run();
  const UniqueFd client = connect();
  const std::string all = hear(client);
  EXPECT_EQ(queued_when_writable.get_future().get(), 0U);
  EXPECT_EQ(all.size(), accepted.get_future().get() + 7) << "no byte is lost, none sent twice";
  EXPECT_TRUE(all.ends_with("xthe end"));
  EXPECT_FALSE(close_error());
}

TEST_F(TcpServerTest, NeverAcceptsWholeWhatIsLongerThanTheQueue) {
  std::promise<bool> accepted;
  build({.send_queue_limit = 10}).on_connect([&](Client& client) {
    accepted.set_value(client.send_all("12345678901"));
    EXPECT_TRUE(client.send_all("1234567890"));
    client.close_after_send();
  });
  run();
  EXPECT_EQ(hear(connect()), "1234567890");
  EXPECT_FALSE(accepted.get_future().get());
}

TEST_F(TcpServerTest, ClosesAnIdleClient) {
  build({.idle_timeout = 20ms});
  run();
  EXPECT_EQ(hear(connect()), "");
  EXPECT_EQ(close_error(), std::errc::timed_out);
}

TEST_F(TcpServerTest, GivesAClientMoreTimeIfOnTimeoutDoesNotCloseIt) {
  int timeouts = 0;
  build({.idle_timeout = 20ms}).on_timeout([&](Client& client, TimeoutReason reason) {
    EXPECT_EQ(reason, TimeoutReason::Idle);
    if (++timeouts == 3) client.close_now();
  });
  run();
  EXPECT_EQ(hear(connect()), "");
  EXPECT_FALSE(close_error());
  EXPECT_EQ(timeouts, 3);
}

TEST_F(TcpServerTest, ClosesAClientThatTakesNothing) {
  const std::string block(64 * 1024 * 1024, 'x');
  Server& server = build({.idle_timeout = 0ms, .write_timeout = 50ms});
  server.on_connect([&](Client& client) { std::ignore = client.send(block); });
  run();
  const UniqueFd client = connect(4096);
  EXPECT_EQ(close_error(), std::errc::timed_out);
}

TEST_F(TcpServerTest, ClosesAClientWhoseMessageIsTooLong) {
  build({.receive_limit = 1000}).on_data([](Client&, std::string_view) { return 0; });
  run();
  const UniqueFd client = connect();
  say(client, std::string(1000, 'x'));
  EXPECT_EQ(close_error(), std::errc::message_size);
}

TEST_F(TcpServerTest, TellsOfAReset) {
  std::promise<void> connected;
  build().on_connect([&](Client&) { connected.set_value(); });
  run();
  UniqueFd client = connect();
  connected.get_future().wait();
  const linger at_once{1, 0};
  ::setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  client.reset();
  EXPECT_EQ(close_error(), std::errc::connection_reset);
}

TEST_F(TcpServerTest, ClosesTheConnectionOfAHandlerThatThrows) {
  build().on_data([](Client&, std::string_view) { throw std::runtime_error("oops"); });
  run();
  const UniqueFd client = connect();
  say(client, "x");
  EXPECT_EQ(close_error(), std::errc::operation_canceled);
}

TEST_F(TcpServerTest, HalfClosesAfterTheQueueAndStillReceives) {
  std::string received;
  Server& server = build();
  server.on_connect([](Client& client) {
    EXPECT_TRUE(client.send_all("bye"));
    client.shutdown_write();
    EXPECT_EQ(client.send("more"), 0U);
  });
  server.on_data([&](Client&, std::string_view bytes) { received += bytes; });
  run();
  const UniqueFd client = connect();
  EXPECT_EQ(hear(client), "bye");
  say(client, "still here");
  ::shutdown(client.get(), SHUT_WR);
  EXPECT_FALSE(close_error());
  EXPECT_EQ(received, "still here");
}

TEST_F(TcpServerTest, CanAnswerAClientThatHasFinishedSending) {
  Server& server = build();
  server.on_data([](Client& client, std::string_view bytes) {
    client->number += static_cast<int>(bytes.size());
  });
  server.on_end([](Client& client) {
    EXPECT_TRUE(client.send_all(std::to_string(client->number)));
    client.close_after_send();
  });
  run();
  const UniqueFd client = connect();
  say(client, "12345");
  ::shutdown(client.get(), SHUT_WR);
  EXPECT_EQ(hear(client), "5");
}

// Closed with unread input, the kernel would send a reset, and the end of the answer would be lost.
TEST_F(TcpServerTest, LosesNothingWhenItClosesAClientThatSendsOn) {
  const std::string answer(500'000, 'a');
  build().on_data([&](Client& client, std::string_view) {
    EXPECT_TRUE(client.send_all(answer));
    client.close_after_send();
  });
  run();
  const UniqueFd client = connect();
  say(client, "request");
  say(client, "and more, which is never read");
  EXPECT_EQ(hear(client), answer);
}

TEST_F(TcpServerTest, HandsOverNothingWhileReadingIsPaused) {
  std::promise<std::string> after_resume;
  std::promise<void> paused;
  bool resumed = false;
  Server& server = build();
  server.on_connect([&](Client& client) {
    client.pause_reading();
    paused.set_value();
  });
  server.on_data([&](Client& client, std::string_view bytes) {
    EXPECT_TRUE(resumed);
    after_resume.set_value(std::string(bytes));
    client.close_now();
  });
  run();
  const UniqueFd client = connect();
  say(client, "hello");
  paused.get_future().wait();
  // Each round goes through the loop once: it would have read meanwhile.
  for (int i = 0; i < 10; ++i) {
    std::promise<void> visited;
    server.for_each([&visited](Client&) { visited.set_value(); });
    visited.get_future().wait();
  }
  server.for_each([&](Client& waiting) {
    resumed = true;
    waiting.resume_reading();
  });
  EXPECT_EQ(after_resume.get_future().get(), "hello");
}

TEST_F(TcpServerTest, ReachesTheConnectionsOfAllThreads) {
  std::atomic<int> connected = 0;
  std::promise<void> all_connected;
  Server& server = build({.threads = 3});
  server.on_close([](Client&, std::error_code) {});
  server.on_connect([&](Client&) {
    if (++connected == 12) all_connected.set_value();
  });
  run();
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 12; ++i)
    clients.push_back(connect());
  all_connected.get_future().wait();
  server.for_each([](Client& client) {
    EXPECT_TRUE(client.send_all("hello"));
    client.close_after_send();
  });
  for (const UniqueFd& client : clients)
    EXPECT_EQ(hear(client), "hello");
}

TEST_F(TcpServerTest, SendsWhatWaitsBeforeItStops) {
  const std::string block(16'000'000, 'x');  // more than the kernel's buffers hold
  std::promise<void> queued;
  build({.send_queue_limit = 20'000'000}).on_connect([&](Client& client) {
    EXPECT_TRUE(client.send_all(block));
    queued.set_value();
  });
  run();
  const UniqueFd client = connect();
  queued.get_future().wait();
  server_->stop();
  EXPECT_EQ(hear(client).size(), block.size());
}

TEST_F(TcpServerTest, CutsWhatIsNotTakenWhenTheDrainTimeoutIsOver) {
  const std::string block(64 * 1024 * 1024, 'x');
  std::promise<void> queued;
  Server& server = build({.drain_timeout = 30ms});
  server.on_connect([&](Client& client) {
    std::ignore = client.send(block);
    queued.set_value();
  });
  run();
  const UniqueFd client = connect(4096);
  queued.get_future().wait();
  end();
  EXPECT_EQ(close_error(), std::errc::operation_canceled);
}

TEST_F(TcpServerTest, ReturnsAtOnceIfItWasStoppedBeforeItRan) {
  build().stop();
  server_->run();
}

TEST_F(TcpServerTest, SaysWhatToDoAboutAPortThatIsTaken) {
  build();
  try {
    Server second({.addresses = {"127.0.0.1"}, .port = server_->port(), .stop_on_signals = false});
    ADD_FAILURE() << "it listens on the same port";
  } catch (const SetupError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("the port is taken; choose another"));
  }
}

TEST_F(TcpServerTest, SaysWhichAddressIsNone) {
  EXPECT_THROW(Server({.addresses = {"localhost"}, .stop_on_signals = false}), SetupError);
}

}  // namespace
}  // namespace aws
