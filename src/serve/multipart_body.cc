#include "serve/multipart_body.h"

#include <cerrno>
#include <string_view>
#include <utility>

namespace aws {

MultipartBody::MultipartBody(Sys& sys, std::unique_ptr<FileBody> file, std::vector<Part> parts,
                             std::string close_delimiter)
    : sys_(sys),
      file_(std::move(file)),
      parts_(std::move(parts)),
      close_delimiter_(std::move(close_delimiter)) {}

Pump MultipartBody::pump(int socket) {
  if (part_ == parts_.size()) return send_text(socket, close_delimiter_, false);
  if (in_file_) return pump_file(socket);

  const Part& part = parts_[part_];
  const Pump result = send_text(socket, part.head, true);
  if (result != Pump::Done) return result;
  file_->aim(part.offset, part.length, true);
  in_file_ = true;
  return pump_file(socket);
}

// Done with the last part is not done yet: the next part is another turn's work.
Pump MultipartBody::pump_file(int socket) {
  const std::uint64_t sent_before = file_->sent();
  const Pump result = file_->pump(socket);
  add_sent(static_cast<ssize_t>(file_->sent() - sent_before));
  if (result == Pump::Failed) return fail(file_->failure());
  if (result != Pump::Done) return result;
  in_file_ = false;
  text_sent_ = 0;
  ++part_;
  return part_ == parts_.size() ? send_text(socket, close_delimiter_, false) : Pump::AwaitSocket;
}

Pump MultipartBody::send_text(int socket, const std::string& text, bool more) {
  while (text_sent_ < text.size()) {
    const ssize_t taken = sys_.send(socket, std::string_view(text).substr(text_sent_), more);
    if (taken == -EAGAIN) return Pump::AwaitSocket;
    if (taken < 0) return fail(failure_of_socket(taken));
    text_sent_ += static_cast<std::size_t>(taken);
    add_sent(taken);
  }
  return Pump::Done;
}

}  // namespace aws
