#include "serve/dynamic_body.h"

#include <algorithm>
#include <cerrno>

namespace aws {

DynamicBody::DynamicBody(Sys& sys, AioContext& aio, UniqueFd file, off_t offset,
                         std::uint64_t length, void* waiter)
    : sys_(sys),
      file_(std::move(file)),
      next_offset_(offset),
      unassigned_(length),
      waiter_(waiter),
      slots_{Slot(aio), Slot(aio)} {
  assign(current());
}

Pump DynamicBody::pump(int socket) {
  set_idle(false);
  for (int block = 0; block < kBlocksPerPump; ++block) {
    if (other().length == 0) assign(other());
    start(current());
    start(other());
    if (!current().read.done()) return await_disk();

    const Pump result = send_current(socket);
    if (result != Pump::Done) return result;
    current().read.release();
    current().length = 0;
    current_ = 1 - current_;
    if (current().length == 0) return Pump::Done;
  }
  return await_socket();
}

// Who waits holds on to no block that others need: neither for a client that may never read, nor
// for a read that may stand in line behind others who wait likewise.
Pump DynamicBody::await_socket() {
  set_idle(true);
  return Pump::AwaitSocket;
}

Pump DynamicBody::await_disk() {
  other().read.set_idle(true);
  current().read.set_waiter(waiter_);
  return Pump::AwaitDisk;
}

// Gives `slot` the next part of the file, if there is one.
void DynamicBody::assign(Slot& slot) {
  slot.offset = next_offset_;
  slot.length =
      static_cast<std::size_t>(std::min<std::uint64_t>(unassigned_, AioContext::kBlockSize));
  slot.sent = 0;
  next_offset_ += static_cast<off_t>(slot.length);
  unassigned_ -= slot.length;
}

// Starts reading what of `slot`'s part was not sent yet, unless that is under way already. A read
// is started a second time where its block was taken away while the client was slow.
void DynamicBody::start(Slot& slot) {
  if (slot.read.started() || slot.length == 0) return;
  slot.offset += static_cast<off_t>(slot.sent);
  slot.length -= slot.sent;
  slot.sent = 0;
  slot.read.start(file_.get(), slot.offset, slot.length);
}

void DynamicBody::set_idle(bool idle) {
  for (Slot& slot : slots_)
    slot.read.set_idle(idle);
}

// Sends what the current block holds: Done when all of its part of the file is sent.
Pump DynamicBody::send_current(int socket) {
  Slot& slot = current();
  if (slot.read.result() < 0) return fail(Failure::ReadError);
  const bool last = other().length == 0;
  while (slot.sent < slot.length) {
    const std::string_view unsent = slot.read.bytes().substr(slot.sent);
    if (unsent.empty()) {
      // A short read says nothing about the file's end (pread(2)); only an empty one does.
      if (slot.read.result() == 0) return fail(Failure::FileShrank);
      slot.read.release();
      start(slot);
      return await_disk();
    }
    const ssize_t sent = sys_.send(socket, unsent, !last);
    if (sent == -EAGAIN) return await_socket();
    if (sent < 0) return fail(failure_of_socket(sent));
    slot.sent += static_cast<std::size_t>(sent);
    add_sent(sent);
  }
  return Pump::Done;
}

}  // namespace aws
