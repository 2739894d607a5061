#include "serve/block_reader.h"

#include <algorithm>

namespace aws {

BlockReader::BlockReader(AioContext& aio, UniqueFd file)
    : file_(std::move(file)), slots_{Slot(aio), Slot(aio)} {}

void BlockReader::aim(off_t offset, std::uint64_t length) {
  next_offset_ = offset;
  unassigned_ = length;
  for (Slot& slot : slots_) {
    slot.read.release();
    slot.length = 0;
  }
  assign(current());
}

BlockReader::Fetch BlockReader::fetch(void* waiter) {
  for (Slot& slot : slots_)
    slot.read.set_idle(false);
  if (current().length == 0) return Fetch::End;
  if (other().length == 0) assign(other());
  start(current());
  start(other());
  if (!current().read.done()) return await_disk(waiter);
  if (current().read.result() < 0) return fail(Failure::ReadError);
  if (!bytes().empty()) return Fetch::Ready;

  // A short read says nothing about the file's end (pread(2)); only an empty one does.
  if (current().read.result() == 0) return fail(Failure::FileShrank);
  current().read.release();
  start(current());
  return await_disk(waiter);
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
  slot.read.start(file_.get(), slot.offset, slot.length);
}

// Who waits in line for a block must not hold on to another: two that do so would wait for ever.
BlockReader::Fetch BlockReader::await_disk(void* waiter) {
  other().read.set_idle(true);
  current().read.set_waiter(waiter);
  return Fetch::AwaitDisk;
}

BlockReader::Fetch BlockReader::fail(Failure failure) {
  failure_ = failure;
  return Fetch::Failed;
}

}  // namespace aws
