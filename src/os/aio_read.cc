#include "os/aio_read.h"

#include <cassert>
#include <utility>

#include "os/aio.h"
#include "os/aio_block.h"

namespace aws {

void AioRead::start(int file, off_t offset, std::size_t length, ReadMode mode) {
  assert(state_ == State::Nothing && length > 0 && length <= AioContext::kBlockSize);
  assert(use_ == Use::Bytes || mode == ReadMode::OnHelper || length == AioContext::kSentinelSize);
  mode_ = mode;
  file_ = file;
  offset_ = offset;
  length_ = length;
  context_.begin(*this);
}

void AioRead::release() {
  const bool was_done = done();
  AioBlock* const block = surrender();
  if (block == nullptr) return;
  // A block that is still queued or in flight is orphaned: its completion frees it.
  if (was_done || context_.threads_.withdraw(*block)) context_.give_back(*block);
}

// Returns to Nothing. The result is the block that was held, or nullptr; it has no reader any more.
AioBlock* AioRead::surrender() {
  unlink();
  state_ = State::Nothing;
  idle_ = false;
  notifies_ = false;
  AioBlock* const block = std::exchange(block_, nullptr);
  if (block != nullptr) block->reader = nullptr;
  return block;
}

std::string_view AioRead::bytes() const {
  assert(done() && result_ >= 0 && block_ != nullptr);
  return {block_->memory, static_cast<std::size_t>(result_)};
}

void AioRead::set_idle(bool idle) {
  idle_ = idle;
  if (state_ != State::Done) return;  // AioContext::complete() looks at idle_ again
  if (idle) {
    AioContext::Lane& lane = context_.lane_of(use_);
    lane.idle.push_back(*this);
    context_.assign_blocks(lane);
  } else {
    unlink();
  }
}

}  // namespace aws
