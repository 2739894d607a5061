// TcpServer: a TCP server on one or several event loops.
//
//   aws::TcpServer<> server({.port = 7000});
//   server.on_data([](aws::Connection<>& client, std::string_view bytes) {
//     return client.send(bytes);
//   });
//   server.run();
//
// Handlers are set before run(). Each is called on the thread of its connection's loop: with one
// thread, handlers need no locks; with several, what they share must be safe to use from all of
// them. A handler must not block, since its loop serves nobody else meanwhile. If it throws, its
// connection is closed with ECANCELED.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include "aws/connection.h"
#include "aws/error.h"
#include "aws/options.h"

namespace aws {

// Which limit a client has exceeded.
enum class TimeoutReason : std::uint8_t {
  Idle,   // ServerOptions::idle_timeout
  Write,  // ServerOptions::write_timeout
};

// The handlers of a server, without the type of their data.
struct StreamHandlers {
  std::function<std::unique_ptr<ConnectionBase>()> make;
  std::function<void(ConnectionBase&)> connect;
  std::function<std::size_t(ConnectionBase&, std::string_view)> data;
  std::function<void(ConnectionBase&)> writable;
  std::function<void(ConnectionBase&)> end;
  std::function<void(ConnectionBase&, TimeoutReason)> timeout;
  std::function<void(ConnectionBase&, std::error_code)> close;
};

// What does not depend on the type of the connections' data.
class TcpServerBase {
 public:
  TcpServerBase(const TcpServerBase&) = delete;
  TcpServerBase& operator=(const TcpServerBase&) = delete;

  // The port that the server listens on.
  [[nodiscard]] std::uint16_t port() const;

  // Where clients find the server: "tcp://localhost:7000". `scheme` "http" adds the final slash.
  [[nodiscard]] std::string url(std::string_view scheme = "tcp") const;

  // Serves until stop() is called or a signal arrives, and the last connection is closed. Call it
  // once. Throws SetupError if the kernel refuses what the loops need.
  void run();

  // Stops accepting, closes idle connections, and sends the others what waits for them, for
  // ServerOptions::drain_timeout at most. Then run() returns. Any thread may call it, and handlers.
  void stop();

 protected:
  // Opens the listening sockets. Throws SetupError.
  explicit TcpServerBase(const ServerOptions& options);
  ~TcpServerBase();

  [[nodiscard]] StreamHandlers& handlers();
  void for_each_base(const std::function<void(ConnectionBase&)>& call);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

template <typename Data = NoData>
class TcpServer : public TcpServerBase {
 public:
  using Client = Connection<Data>;

  // Listens at once; clients are served when run() is called. Throws SetupError, for example if the
  // port is taken.
  explicit TcpServer(const ServerOptions& options = {}) : TcpServerBase(options) {
    handlers().make = [] { return std::make_unique<Client>(); };
  }

  // A client has connected; nothing has been received.
  template <typename Handler>
  void on_connect(Handler handler) {
    handlers().connect = [handler = std::move(handler)](ConnectionBase& client) mutable {
      handler(static_cast<Client&>(client));
    };
  }

  // Bytes have been received: `handler(Client&, std::string_view)`. It returns how many of them it
  // has used, or void for all. Unused bytes are handed over again, together with the bytes that
  // follow them. So a handler that needs a whole line returns 0 until it sees the line's end; and
  // `return client.send(bytes)` slows a client down that does not take its answers.
  template <typename Handler>
  void on_data(Handler handler) {
    handlers().data = [handler = std::move(handler)](ConnectionBase& client,
                                                     std::string_view bytes) mutable {
      using Result = std::invoke_result_t<Handler&, Client&, std::string_view>;
      if constexpr (std::is_void_v<Result>) {
        handler(static_cast<Client&>(client), bytes);
        return bytes.size();
      } else {
        return static_cast<std::size_t>(handler(static_cast<Client&>(client), bytes));
      }
    };
  }

  // The queue was full, so that send() did not accept all, and is empty now.
  template <typename Handler>
  void on_writable(Handler handler) {
    handlers().writable = [handler = std::move(handler)](ConnectionBase& client) mutable {
      handler(static_cast<Client&>(client));
    };
  }

  // The client will send no more, but may still receive. Without this handler, the connection is
  // closed when the client has been sent what waits in the queue.
  template <typename Handler>
  void on_end(Handler handler) {
    handlers().end = [handler = std::move(handler)](ConnectionBase& client) mutable {
      handler(static_cast<Client&>(client));
    };
  }

  // The client has exceeded a limit: `handler(Client&, TimeoutReason)`. If the handler does not
  // close the connection, the same limit begins anew. Without this handler, the connection is
  // closed with ETIMEDOUT.
  template <typename Handler>
  void on_timeout(Handler handler) {
    handlers().timeout = [handler = std::move(handler)](ConnectionBase& client,
                                                        TimeoutReason reason) mutable {
      handler(static_cast<Client&>(client), reason);
    };
  }

  // The connection is closed: `handler(Client&, std::error_code)`. The error is empty if either
  // side closed it in the ordinary way. Called once for each connection that on_connect was called
  // for; the client's data is destroyed afterwards.
  template <typename Handler>
  void on_close(Handler handler) {
    handlers().close = [handler = std::move(handler)](ConnectionBase& client,
                                                      std::error_code error) mutable {
      handler(static_cast<Client&>(client), error);
    };
  }

  // Calls `call(Client&)` for every open connection, on the thread of its loop: for those of the
  // calling handler's loop before it returns, for others soon. Any thread may call it while the
  // server runs. `call` is copied for each loop.
  template <typename Call>
  void for_each(Call call) {
    for_each_base([call = std::move(call)](ConnectionBase& client) mutable {
      call(static_cast<Client&>(client));
    });
  }
};

}  // namespace aws
