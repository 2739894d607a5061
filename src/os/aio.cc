#include "os/aio.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace aws {
namespace {

constexpr std::size_t kBlockAlignment = 4096;  // a page, and what O_DIRECT asks for
constexpr std::size_t kEventsPerReap = 64;

std::system_error setup_error(int error, std::size_t blocks) {
  std::string what = "io_setup for " + std::to_string(blocks) + " reads";
  if (error == EAGAIN) {
    what +=
        " (fs.aio-max-nr is used up: raise it with `sysctl fs.aio-max-nr=…`, or lower"
        " --threads or --aio-blocks)";
  }
  return {error, std::generic_category(), what};
}

}  // namespace

// A block of memory and the kernel's view of the read that fills it.
struct AioBlock {
  iocb control{};
  char* memory = nullptr;     // AioContext::kBlockSize bytes
  AioRead* reader = nullptr;  // nullptr: free, or orphaned while queued or in flight
};

// ---- AioRead

void AioRead::start(int file, off_t offset, std::size_t length) {
  assert(state_ == State::Nothing && length > 0 && length <= AioContext::kBlockSize);
  file_ = file;
  offset_ = offset;
  length_ = length;
  context_.begin(*this);
}

void AioRead::release() {
  const bool was_done = done();
  AioBlock* const block = surrender();
  // A block that is still queued or in flight is orphaned: it comes back with its completion.
  if (block != nullptr && was_done) context_.give_back(*block);
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
  assert(done() && result_ >= 0);
  return {block_->memory, static_cast<std::size_t>(result_)};
}

void AioRead::set_idle(bool idle) {
  idle_ = idle;
  if (state_ != State::Done) return;  // complete() looks at idle_ again
  if (idle) {
    context_.idle_.push_back(*this);
    context_.serve_line();
  } else {
    unlink();
  }
}

// ---- AioContext

AioContext::AioContext(Sys& sys, std::size_t blocks)
    : sys_(sys), event_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!event_fd_) throw std::system_error(errno, std::generic_category(), "eventfd");
  // The kernel gives the pages when they are first written to.
  memory_.reset(static_cast<char*>(std::aligned_alloc(kBlockAlignment, blocks * kBlockSize)));
  if (!memory_) throw std::system_error(ENOMEM, std::generic_category(), "--aio-blocks");
  const int result = sys_.aio_setup(static_cast<int>(blocks), ring_);
  if (result < 0) throw setup_error(-result, blocks);
  for (std::size_t i = 0; i < blocks; ++i) {
    blocks_.push_back(std::make_unique<AioBlock>());
    blocks_.back()->memory = memory_.get() + i * kBlockSize;
    free_.push_back(blocks_.back().get());
  }
}

AioContext::~AioContext() {
  drain();
  sys_.aio_destroy(ring_);
}

void AioContext::begin(AioRead& read) {
  read.state_ = AioRead::State::InLine;
  line_.push_back(read);
  serve_line();
}

// A free block, else one that an idle read can spare, else nullptr.
AioBlock* AioContext::take_block() {
  if (free_.empty()) {
    if (idle_.empty()) return nullptr;
    free_.push_back(idle_.front()->surrender());
  }
  AioBlock* const block = free_.back();
  free_.pop_back();
  return block;
}

void AioContext::give_back(AioBlock& block) {
  free_.push_back(&block);
  serve_line();
}

void AioContext::serve_line() {
  while (AioRead* const first = line_.front()) {
    AioBlock* const block = take_block();
    if (block == nullptr) return;
    first->unlink();
    queue(*first, *block);
  }
}

void AioContext::queue(AioRead& read, AioBlock& block) {
  io_prep_pread(&block.control, read.file_, block.memory, read.length_, read.offset_);
  io_set_eventfd(&block.control, event_fd_.get());
  block.control.data = &block;
  block.reader = &read;
  read.block_ = &block;
  read.state_ = AioRead::State::Queued;
  queue_.push_back(&block);
}

void AioContext::submit(std::vector<void*>& ready) {
  if (reap_failed_) reap(ready);
  drop_orphans();

  std::array<iocb*, kEventsPerReap> batch{};
  while (!queue_.empty()) {
    const std::size_t count = std::min(queue_.size(), batch.size());
    std::transform(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count),
                   batch.begin(), [](AioBlock* block) { return &block->control; });
    const int taken = sys_.aio_submit(ring_, {batch.data(), count});
    if (taken == -EAGAIN || taken == 0) return;  // the ring is full: after the next reap
    // An error is about the first read of the batch alone (io_submit(2)): fail it, go on.
    const auto first_left = queue_.begin() + (taken > 0 ? taken : 1);
    const std::vector<AioBlock*> gone(queue_.begin(), first_left);
    queue_.erase(queue_.begin(), first_left);
    for (AioBlock* const block : gone) {
      if (taken < 0) {
        complete(*block, taken, ready);
      } else {
        ++in_flight_;
        block->reader->state_ = AioRead::State::InFlight;
      }
    }
  }
}

// What was orphaned before the kernel saw it goes straight back: its file may be closed by now.
void AioContext::drop_orphans() {
  std::erase_if(queue_, [this](AioBlock* block) {
    if (block->reader != nullptr) return false;
    free_.push_back(block);
    return true;
  });
  serve_line();
}

void AioContext::complete(AioBlock& block, ssize_t result, std::vector<void*>& ready) {
  AioRead* const reader = block.reader;
  if (reader == nullptr) {
    give_back(block);
    return;
  }
  reader->state_ = AioRead::State::Done;
  reader->result_ = result;
  if (reader->idle_) reader->set_idle(true);
  if (void* const waiter = std::exchange(reader->waiter_, nullptr)) ready.push_back(waiter);
}

void AioContext::reap(std::vector<void*>& ready) {
  // Level-triggered: the counter must be read before the ring is emptied, or a completion between
  // the two would be announced to nobody.
  std::uint64_t announced = 0;
  [[maybe_unused]] const ssize_t ignored = ::read(event_fd_.get(), &announced, sizeof(announced));
  while (in_flight_ > 0 && reap_at_least(0, ready) == kEventsPerReap) {
  }
}

std::size_t AioContext::reap_at_least(long at_least, std::vector<void*>& ready) {
  std::array<io_event, kEventsPerReap> events{};
  const int count = sys_.aio_events(ring_, at_least, events);
  reap_failed_ = count < 0;
  if (count <= 0) return 0;
  const auto reaped = static_cast<std::size_t>(count);
  in_flight_ -= reaped;
  for (const io_event& event : std::span(events).first(reaped)) {
    complete(*static_cast<AioBlock*>(event.data), static_cast<ssize_t>(event.res), ready);
  }
  return reaped;
}

void AioContext::drain() {
  drop_orphans();
  std::vector<void*> nobody;
  while (in_flight_ > 0 && reap_at_least(1, nobody) > 0) {
  }
}

}  // namespace aws
