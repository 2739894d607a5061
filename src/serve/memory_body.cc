#include "serve/memory_body.h"

#include <cerrno>

namespace aws {

Pump MemoryBody::pump(int socket) {
  while (sent() < bytes_.size()) {
    const ssize_t taken = sys_.send(socket, std::string_view(bytes_).substr(sent()), false);
    if (taken == -EAGAIN) return Pump::AwaitSocket;
    if (taken < 0) return fail(failure_of_socket(taken));
    add_sent(taken);
  }
  return Pump::Done;
}

}  // namespace aws
