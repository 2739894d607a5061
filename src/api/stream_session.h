// StreamSession: a connection of a TcpServer as a Session: it turns events into calls of the
// handlers, and keeps what is received and not used, and what is sent and not taken.
//
// The loop's thread alone calls it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "api/send_queue.h"
#include "api/stream_protocol.h"
#include "aws/connection.h"
#include "loop/session.h"
#include "os/peer_address.h"
#include "os/slab_allocated.h"

namespace aws {

class StreamSession final : public Session, public OpenEntry, public SlabAllocated<StreamSession> {
 public:
  // `protocol` must outlive it.
  StreamSession(StreamProtocol& protocol, Arrival arrival);
  ~StreamSession() override;

  [[nodiscard]] Want advance(Event event) override;

  [[nodiscard]] bool is_open() const { return ending_ == Ending::No; }

  // Calls `call` with the connection. An exception closes the connection.
  void visit(const std::function<void(ConnectionBase&)>& call);

  // ConnectionBase forwards to these; see there.
  [[nodiscard]] std::size_t send(std::string_view bytes);
  [[nodiscard]] bool send_all(std::string_view bytes);
  [[nodiscard]] std::size_t queued() const { return queue_.size(); }
  void close_after_send();
  void close_now();
  void shutdown_write();
  void pause_reading(bool paused);
  [[nodiscard]] std::string_view received() const { return unused_; }
  [[nodiscard]] std::string peer() const { return peer_.text(); }

 private:
  // How far the connection's end has got.
  enum class Ending : std::uint8_t {
    No,
    AfterSend,  // close_after_send() was called
    Lingering,  // all is sent; the client has to see the end before the socket is closed
    Closed,
  };

  static constexpr int kReceivesPerIteration = 4;    // then other events are handled
  static constexpr std::size_t kSpareMemory = 4096;  // bytes kept for what on_data does not use

  template <typename Call>
  void guarded(Call call);

  void connect();
  void flush();
  void receive();
  void drop_input();
  void offer(std::string_view fresh);
  std::string_view offered(std::string_view bytes);
  void on_end_of_input();
  void on_timeout();
  void on_peer_gone();
  void finish_sending();
  void linger();
  void fail(int error);
  void close(std::error_code error);
  void finish_closing();

  [[nodiscard]] bool accepts() const;
  [[nodiscard]] bool reads() const;
  [[nodiscard]] Want next_want();
  void update_timeout();
  void resume();

  StreamProtocol& protocol_;
  std::unique_ptr<ConnectionBase> connection_;
  SendQueue queue_;
  std::string unused_;  // received, and not used by on_data
  PeerAddress peer_;

  std::error_code error_;
  Ending ending_ = Ending::No;
  bool is_connected_ = false;  // on_connect was called
  bool on_close_called_ = false;
  bool in_advance_ = false;
  bool has_progress_ = false;    // since advance() began: the client sent or took something
  bool is_paused_ = false;       // by pause_reading()
  bool queue_was_full_ = false;  // send() did not accept all; on_writable is due
  bool input_ended_ = false;     // the client will send no more
  bool wants_shutdown_ = false;  // when the queue is empty
  bool has_shut_down_ = false;
  bool offers_again_ = false;  // what is unused, though nothing new has come
};

}  // namespace aws
