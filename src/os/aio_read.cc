#include "os/aio_read.h"

#include <cassert>
#include <utility>

#include "os/aio.h"
#include "os/aio_block.h"

namespace aws {

void AioRead::start(int file, off_t offset, std::size_t length, ReadMode mode, const void* owner) {
  assert(state_ == State::Nothing && length > 0 && length <= AioContext::kBlockSize);
  assert(use_ == Use::Bytes || mode == ReadMode::OnHelper || length == AioContext::kSentinelSize);
  mode_ = mode;
  owner_ = owner;
  file_ = file;
  offset_ = offset;
  length_ = length;
  context_.begin(*this);
}

void AioRead::release() {
  const bool was_done = done();
  AioBlock* const block = surrender();
  if (block == nullptr) return;
  // A block that is still queued or in flight is orphaned: it comes back with its completion.
  if (was_done || context_.helpers_.withdraw(*block)) context_.give_back(*block);
}

// Back to Nothing; the block that was held, or nullptr, has no reader any more.
AioBlock* AioRead::surrender() {
  unlink();
  state_ = State::Nothing;
  idle_ = false;
  waiter_ = nullptr;
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
    context_.serve_line(lane);
  } else {
    unlink();
  }
}

}  // namespace aws
