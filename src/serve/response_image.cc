#include "serve/response_image.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace aws {

std::unique_ptr<ResponseImage> make_image(Sys& sys, std::string_view head, int file,
                                          std::size_t body_size, std::int64_t second) {
  UniqueFd memory(sys.memory_file());
  if (!memory) return nullptr;
  if (sys.write(memory.get(), head) != static_cast<ssize_t>(head.size())) return nullptr;
  for (std::size_t done = 0; done < body_size;) {
    const ssize_t copied =
        sys.sendfile(memory.get(), file, static_cast<off_t>(done), body_size - done);
    if (copied <= 0) return nullptr;
    done += static_cast<std::size_t>(copied);
  }
  auto image = std::make_unique<ResponseImage>();
  image->file = SharedFd(std::move(memory));
  image->head_size = head.size();
  image->body_size = body_size;
  image->second = second;
  return image;
}

Pump ImageBody::pump(int socket) {
  while (left_ > 0) {
    const ssize_t sent = sys_.sendfile(socket, file_.get(), offset_, left_);
    if (sent == -EAGAIN) return Pump::AwaitSocket;
    if (sent <= 0) return fail(sent < 0 ? failure_of_socket(sent) : Failure::ReadError);
    const auto size = static_cast<std::size_t>(sent);
    const std::size_t of_head = std::min(size, head_left_);
    head_left_ -= of_head;
    add_sent(static_cast<ssize_t>(size - of_head));
    offset_ += sent;
    left_ -= size;
  }
  return Pump::Done;
}

}  // namespace aws
