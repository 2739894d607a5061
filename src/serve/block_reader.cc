#include "serve/block_reader.h"

#include <algorithm>
#include <cerrno>

namespace aws {

BlockReader::BlockReader(DiskIo& disk, SharedFd file, Completion& completion)
    : file_(std::move(file)),
      residency_(disk, file_.get(), completion),
      slots_{Slot(disk.aio(), completion), Slot(disk.aio(), completion)} {}

void BlockReader::aim(off_t offset, std::uint64_t length) {
  next_offset_ = offset;
  unassigned_ = length;
  residency_.aim(offset, length);
  for (Slot& slot : slots_) {
    slot.read.release();
    slot.length = 0;
  }
  assign(current());
}

BlockReader::Fetch BlockReader::fetch() {
  for (Slot& slot : slots_)
    slot.read.set_idle(false);
  if (current().length == 0) return Fetch::End;
  if (other().length == 0) assign(other());
  if (!can_start()) return failure_ == Failure::None ? Fetch::AwaitDisk : Fetch::Failed;
  start(current());
  // What is in memory is read within io_submit(2): too early, it would only leave the processor's
  // caches, and lack blocks where clients are slow. Reading ahead is for what takes time.
  if (residency_.read_mode() == ReadMode::OnHelper) start(other());
  if (!current().read.done()) return await_disk();

  const ssize_t result = current().read.result();
  if (result < 0) {
    if (!note_obstacle(result)) return fail(Failure::ReadError);
  } else if (!bytes().empty()) {
    return Fetch::Ready;
  } else if (result == 0) {
    // A short read says nothing about the file's end (pread(2)); only an empty one does.
    return fail(Failure::FileShrank);
  }
  current().read.release();
  if (!can_start()) return failure_ == Failure::None ? Fetch::AwaitDisk : Fetch::Failed;
  start(current());
  return await_disk();
}

// Why a read was refused. False: it is a true error.
bool BlockReader::note_obstacle(ssize_t error) {
  if (residency_.read_mode() != ReadMode::NoWait) return false;
  if (error == -EOPNOTSUPP) {
    obstacle_ = Obstacle::UnknownMedium;
  } else if (error == -EAGAIN) {
    if (obstacle_ == Obstacle::NotInMemory) ++current().refusals;
    obstacle_ = Obstacle::NotInMemory;
    residency_.missed(current().offset, current().length);
  } else {
    return false;
  }
  return true;
}

// Whether the current read can be started, or is. False: the completion will be notified, or the
// disk has failed.
bool BlockReader::can_start() {
  Slot& slot = current();
  if (slot.read.started()) return true;
  if (obstacle_ == Obstacle::UnknownMedium) {
    if (!residency_.study()) return false;
    obstacle_ = Obstacle::None;
  }
  if (obstacle_ == Obstacle::None) return true;
  residency_.forget();
  const std::int64_t ready =
      residency_.ready(slot.offset + static_cast<off_t>(slot.used), slot.length - slot.used);
  if (ready < 0) failure_ = Failure::ReadError;
  return ready > 0;
}

std::string_view BlockReader::bytes() const {
  const Slot& slot = slots_[current_];
  return slot.read.bytes().substr(slot.used, slot.length - slot.used);
}

bool BlockReader::bytes_are_last() const {
  const Slot& slot = slots_[current_];
  return slots_[1 - current_].length == 0 && slot.used + bytes().size() == slot.length;
}

void BlockReader::use(std::size_t size) {
  Slot& slot = current();
  slot.used += size;
  if (slot.used < slot.length) return;
  slot.read.release();
  slot.length = 0;
  current_ = 1 - current_;
}

void BlockReader::lend_blocks() {
  for (Slot& slot : slots_)
    slot.read.set_idle(true);
}

// Gives `slot` the next stretch of the part, if there is one.
void BlockReader::assign(Slot& slot) {
  slot.offset = next_offset_;
  slot.length =
      static_cast<std::size_t>(std::min<std::uint64_t>(unassigned_, AioContext::kBlockSize));
  slot.used = 0;
  slot.refusals = 0;
  next_offset_ += static_cast<off_t>(slot.length);
  unassigned_ -= slot.length;
}

// Starts reading what of `slot`'s stretch was not used yet, unless that is under way. A read is
// started a second time where its block was taken away, or where it came short.
void BlockReader::start(Slot& slot) {
  if (slot.read.started() || slot.length == 0) return;
  slot.offset += static_cast<off_t>(slot.used);
  slot.length -= slot.used;
  slot.used = 0;
  const ReadMode mode = slot.refusals < kRefusals ? residency_.read_mode() : ReadMode::OnHelper;
  slot.read.start(file_.get(), slot.offset, slot.length, mode);
}

// Who waits in line for a block must not hold on to another: two that do so would wait for ever.
BlockReader::Fetch BlockReader::await_disk() {
  other().read.set_idle(true);
  current().read.notify();
  return Fetch::AwaitDisk;
}

BlockReader::Fetch BlockReader::fail(Failure failure) {
  failure_ = failure;
  return Fetch::Failed;
}

}  // namespace aws
