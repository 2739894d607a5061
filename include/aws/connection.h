// Connection: one client of a TcpServer.
//
// The server owns connections; handlers get references. Only handlers of the same server may use a
// connection, on the thread that they are called on, and only until on_close has returned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace aws {

class StreamSession;

// What does not depend on the type of the connection's data.
class ConnectionBase {
 public:
  ConnectionBase(const ConnectionBase&) = delete;
  ConnectionBase& operator=(const ConnectionBase&) = delete;
  virtual ~ConnectionBase() = default;

  // Sends `bytes`, in order. Never blocks: what the kernel does not take now waits in the
  // connection's queue (ServerOptions::send_queue_limit).
  //
  // Returns how many bytes were accepted: all of them, unless the queue is full. The rest is still
  // the caller's: on_writable says when there is room again. If the connection is closed or
  // broken, the result is 0, and on_close follows.
  [[nodiscard]] std::size_t send(std::string_view bytes);

  // Accepts all of `bytes`, and returns true; or none of them, and returns false, if the queue has
  // no room for them.
  [[nodiscard]] bool send_all(std::string_view bytes);

  // Bytes that wait in the queue.
  [[nodiscard]] std::size_t queued() const;

  // Closes the connection when the client has been sent what waits in the queue. Nothing more is
  // received or accepted.
  void close_after_send();

  // Closes the connection now and drops what waits in the queue.
  void close_now();

  // Half-close: when the queue is empty, the client sees the end of the stream; it may still send.
  // Nothing more is accepted.
  void shutdown_write();

  // Stops and resumes calls of on_data. Meanwhile the kernel's buffer fills, and the client has to
  // wait.
  void pause_reading();
  void resume_reading();

  // Bytes that were received and that on_data has not used. Valid until the handler returns.
  [[nodiscard]] std::string_view received() const;

  // A number that no other connection of this process has.
  [[nodiscard]] std::uint64_t id() const;
  // The client's address, without its port: "192.0.2.1", "2001:db8::1".
  [[nodiscard]] std::string peer() const;

 protected:
  ConnectionBase() = default;

 private:
  friend class StreamSession;
  StreamSession* session_ = nullptr;  // owns this
};

// The default of a connection's data: nothing.
struct NoData {};

// A connection with an object of type Data, which is constructed when the client has connected and
// destroyed after on_close.
template <typename Data = NoData>
class Connection final : public ConnectionBase {
 public:
  [[nodiscard]] Data& data() { return data_; }
  [[nodiscard]] const Data& data() const { return data_; }
  Data* operator->() { return &data_; }
  const Data* operator->() const { return &data_; }

 private:
  Data data_{};
};

}  // namespace aws
