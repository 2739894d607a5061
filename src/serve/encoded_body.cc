#include "serve/encoded_body.h"

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "http/chunked.h"

namespace aws {

EncodedBody::EncodedBody(Sys& sys, DiskIo& disk, SharedFd file, std::uint64_t length,
                         std::unique_ptr<Encoder> encoder, Completion& completion)
    : sys_(sys),
      reader_(disk, std::move(file), completion),
      encoder_(std::move(encoder)),
      left_(length) {
  reader_.aim(0, length);
}

Pump EncodedBody::pump(int socket) {
  if (outgoing_.empty() && left_ > 0) {
    switch (reader_.fetch()) {
      case BlockReader::Fetch::Ready:
        break;
      case BlockReader::Fetch::AwaitDisk:
        return Pump::AwaitDisk;
      case BlockReader::Fetch::End:
      case BlockReader::Fetch::Failed:
        return fail(reader_.failure());
    }
    if (!encode_slice()) return fail(Failure::NoMemory);
  }
  while (outgoing_sent_ < outgoing_.size()) {
    const std::string_view unsent = std::string_view(outgoing_).substr(outgoing_sent_);
    const ssize_t taken = sys_.send(socket, unsent, left_ > 0);
    if (taken == -EAGAIN) {
      reader_.lend_blocks();
      return Pump::AwaitSocket;
    }
    if (taken < 0) return fail(failure_of_socket(taken));
    outgoing_sent_ += static_cast<std::size_t>(taken);
    add_sent(taken);
  }
  outgoing_.clear();
  outgoing_sent_ = 0;
  if (left_ == 0) return Pump::Done;
  reader_.lend_blocks();
  return Pump::AwaitSocket;
}

// Encodes the next slice into outgoing_, framed; the encoder may keep it all to itself for now.
bool EncodedBody::encode_slice() {
  const std::string_view slice = reader_.bytes().substr(0, kSlice);
  left_ -= slice.size();
  std::string encoded;
  if (!encoder_->encode(slice, left_ == 0, encoded)) return false;
  reader_.use(slice.size());
  append_chunk(outgoing_, encoded);
  if (left_ == 0) outgoing_ += kLastChunk;
  return true;
}

}  // namespace aws
