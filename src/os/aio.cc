#include "os/aio.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "os/aio_block.h"
#include "os/refused_calls.h"

namespace aws {
namespace {

constexpr std::size_t kBlockAlignment = 4096;  // a page, and what O_DIRECT asks for
constexpr std::size_t kReadsPerCall = 64;

std::system_error setup_error(int error, std::size_t blocks) {
  std::string what = "io_setup for " + std::to_string(blocks) + " reads";
  if (error == EAGAIN) {
    what +=
        " (fs.aio-max-nr is exhausted: raise it with `sysctl fs.aio-max-nr=…`, or lower"
        " --threads, --aio-blocks or --sentinels)";
  }
  return {error, std::generic_category(), what};
}

}  // namespace

AioContext::AioContext(Sys& sys, ThreadPool& threads, std::size_t blocks, std::size_t sentinels)
    : sys_(sys), event_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), threads_(threads) {
  if (!event_fd_) throw std::system_error(errno, std::generic_category(), "eventfd");
  // The kernel gives the pages when they are first written to.
  const std::size_t size = blocks * kBlockSize + kSentinelSize;
  memory_.reset(static_cast<char*>(std::aligned_alloc(kBlockAlignment, size)));
  if (!memory_) throw std::system_error(ENOMEM, std::generic_category(), "--aio-blocks");
  const int result = sys_.aio_setup(static_cast<int>(blocks + sentinels), ring_);
  if (result < 0 && !is_refusal(result)) throw setup_error(-result, blocks + sentinels);
  has_ring_ = result >= 0;
  add_blocks(AioRead::Use::Bytes, blocks);
  add_blocks(AioRead::Use::Sentinel, sentinels);
  queue_.reserve(blocks + sentinels);
}

void AioContext::add_blocks(AioRead::Use use, std::size_t count) {
  Lane& lane = lane_of(use);
  for (std::size_t i = 0; i < count; ++i) {
    char* const memory = memory_.get() + kSentinelSize + i * kBlockSize;
    lane.blocks.push_back(std::make_unique<AioBlock>(
        *this, use, use == AioRead::Use::Sentinel ? memory_.get() : memory));
    lane.free.push_back(lane.blocks.back().get());
  }
}

AioContext::~AioContext() {
  drain();
  if (has_ring_) sys_.aio_destroy(ring_);
}

void AioContext::begin(AioRead& read) {
  Lane& lane = lane_of(read.use_);
  if (read.use_ == AioRead::Use::Bytes) ++counters_.reads;
  read.state_ = AioRead::State::Waiting;
  lane.waiting.push_back(read);
  assign_blocks(lane);
  if (read.state_ == AioRead::State::Waiting) ++counters_.waited;
}

std::size_t AioContext::blocks_in_use() const {
  std::size_t count = 0;
  for (const Lane& lane : lanes_)
    count += lane.blocks.size() - lane.free.size();
  return count;
}

void AioContext::give_back(AioBlock& block) {
  Lane& lane = lane_of(block.use);
  lane.free.push_back(&block);
  assign_blocks(lane);
}

// Assigns blocks to waiting reads: free blocks first, then those of idle reads.
void AioContext::assign_blocks(Lane& lane) {
  while (AioRead* const first = lane.waiting.front()) {
    if (lane.free.empty()) {
      if (lane.idle.empty()) return;
      lane.free.push_back(lane.idle.front()->surrender());
    }
    AioBlock* const block = lane.free.back();
    lane.free.pop_back();
    first->unlink();
    queue(*first, *block);
  }
}

void AioContext::queue(AioRead& read, AioBlock& block) {
  block.reader = &read;
  read.block_ = &block;
  read.state_ = AioRead::State::Queued;
  if (read.mode_ == ReadMode::OnHelper || !has_ring()) {
    ++counters_.on_helper;
    block.prepare_for_helper(read);
    threads_.start(block, read.completion_);
    return;
  }
  block.prepare(read);
  io_set_eventfd(&block.control, event_fd_.get());
  queue_.push_back(&block);
}

void AioContext::submit(CompletionList& ready) {
  if (reap_failed_) reap(ready);
  drop_orphans();
  ring_was_full_ = false;
  std::size_t submitted = 0;  // at the front of the queue
  while (submitted < queue_.size() && !ring_was_full_)
    submitted += submit_batch(submitted, ready);
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(submitted));
  reap_completed_at_once(ready);
}

// Submits queued reads from the `begin`-th on, in one call. Returns how many leave the queue.
std::size_t AioContext::submit_batch(std::size_t begin, CompletionList& ready) {
  std::array<iocb*, kReadsPerCall> batch{};
  const std::size_t count = std::min(queue_.size() - begin, batch.size());
  for (std::size_t i = 0; i < count; ++i)
    batch[i] = &queue_[begin + i]->control;
  const int taken = sys_.aio_submit(ring_, {batch.data(), count});
  if (taken == -EAGAIN || taken == 0) {  // after the next reap
    ring_was_full_ = true;
    ++counters_.ring_full;
    return 0;
  }
  if (taken < 0) {  // the error concerns the first read of the batch alone (io_submit(2))
    complete(*queue_[begin], taken, ready);
    return 1;
  }
  for (std::size_t i = begin; i < begin + static_cast<std::size_t>(taken); ++i) {
    ++in_flight_;
    queue_[i]->reader->state_ = AioRead::State::InFlight;
  }
  return static_cast<std::size_t>(taken);
}

// Reaps reads that io_submit(2) completed at once, because the data was in the page cache. They
// have made the eventfd readable; reap() resets it, so that the next wait does not end for nothing.
void AioContext::reap_completed_at_once(CompletionList& ready) {
  const std::size_t reaped = reap_all(ready);
  counters_.at_once += reaped;
  if (reaped > 0) reap(ready);
}

// Frees blocks that were orphaned before they were submitted: their files may be closed by now.
void AioContext::drop_orphans() {
  std::erase_if(queue_, [this](AioBlock* block) {
    if (block->reader != nullptr) return false;
    lane_of(block->use).free.push_back(block);
    return true;
  });
  for (Lane& lane : lanes_)
    assign_blocks(lane);
}

void AioContext::complete(AioBlock& block, ssize_t result, CompletionList& ready) {
  AioRead* const reader = block.reader;
  if (reader == nullptr) {
    give_back(block);
    return;
  }
  reader->state_ = AioRead::State::Done;
  reader->result_ = result;
  if (block.use == AioRead::Use::Sentinel) {  // it has no bytes to keep
    reader->block_ = nullptr;
    block.reader = nullptr;
    give_back(block);
  }
  if (reader->idle_) reader->set_idle(true);
  if (std::exchange(reader->notifies_, false)) ready.push_back(reader->completion_);
}

void AioContext::reap(CompletionList& ready) {
  // Level-triggered: the counter is read before the ring is emptied, so that a completion between
  // the two makes the eventfd readable again.
  std::uint64_t announced = 0;
  [[maybe_unused]] const ssize_t ignored = ::read(event_fd_.get(), &announced, sizeof(announced));
  reap_all(ready);
}

// Reaps until the ring is empty, and returns the number of completions. (libaio looks at the ring
// in memory, and makes no call if it is empty.)
std::size_t AioContext::reap_all(CompletionList& ready) {
  std::size_t all = 0;
  while (in_flight_ > 0) {
    const std::size_t reaped = reap_at_least(0, ready);
    if (reaped == 0) break;
    all += reaped;
  }
  return all;
}

std::size_t AioContext::reap_at_least(long at_least, CompletionList& ready) {
  std::array<io_event, kReadsPerCall> events{};
  const int count = sys_.aio_events(ring_, at_least, events);
  reap_failed_ = count < 0;
  if (count <= 0) return 0;
  const auto reaped = static_cast<std::size_t>(count);
  for (const io_event& event : std::span(events).first(reaped)) {
    AioBlock& block = *static_cast<AioBlock*>(event.data);
    const auto result = static_cast<ssize_t>(event.res);
    --in_flight_;
    if (result == -EINTR && block.reader != nullptr) {  // not an error: submitted again
      block.reader->state_ = AioRead::State::Queued;
      queue_.push_back(&block);
    } else {
      complete(block, result, ready);
    }
  }
  return reaped;
}

void AioContext::drain() {
  threads_.drain();
  drop_orphans();
  CompletionList ready;
  while (in_flight_ > 0 && reap_at_least(1, ready) > 0)
    ready.clear();
}

}  // namespace aws
