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

namespace aws {
namespace {

constexpr std::size_t kBlockAlignment = 4096;  // a page, and what O_DIRECT asks for
constexpr std::size_t kReadsPerCall = 64;

std::system_error setup_error(int error, std::size_t blocks) {
  std::string what = "io_setup for " + std::to_string(blocks) + " reads";
  if (error == EAGAIN) {
    what +=
        " (fs.aio-max-nr is used up: raise it with `sysctl fs.aio-max-nr=…`, or lower"
        " --threads, --aio-blocks or --sentinels)";
  }
  return {error, std::generic_category(), what};
}

}  // namespace

AioContext::AioContext(Sys& sys, HelperThreads& helpers, std::size_t blocks, std::size_t sentinels)
    : sys_(sys), event_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), helpers_(helpers) {
  if (!event_fd_) throw std::system_error(errno, std::generic_category(), "eventfd");
  // The kernel gives the pages when they are first written to.
  const std::size_t size = blocks * kBlockSize + kSentinelSize;
  memory_.reset(static_cast<char*>(std::aligned_alloc(kBlockAlignment, size)));
  if (!memory_) throw std::system_error(ENOMEM, std::generic_category(), "--aio-blocks");
  const int result = sys_.aio_setup(static_cast<int>(blocks + sentinels), ring_);
  if (result < 0) throw setup_error(-result, blocks + sentinels);
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
  sys_.aio_destroy(ring_);
}

void AioContext::begin(AioRead& read) {
  Lane& lane = lane_of(read.use_);
  if (read.use_ == AioRead::Use::Bytes) ++counters_.reads;
  read.state_ = AioRead::State::InLine;
  lane.line.push_back(read);
  serve_line(lane);
  if (read.state_ == AioRead::State::InLine) ++counters_.waited;
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
  serve_line(lane);
}

// Gives blocks to who stands in line: free ones, else those that an idle read can spare.
void AioContext::serve_line(Lane& lane) {
  while (AioRead* const first = lane.line.front()) {
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
  if (read.mode_ == ReadMode::OnHelper) {
    ++counters_.on_helper;
    block.prepare_for_helper(read);
    helpers_.start(block, read.owner_);
    return;
  }
  block.prepare(read);
  io_set_eventfd(&block.control, event_fd_.get());
  queue_.push_back(&block);
}

void AioContext::submit(std::vector<void*>& ready) {
  if (reap_failed_) reap(ready);
  drop_orphans();
  ring_was_full_ = false;
  std::size_t gone = 0;  // of the queue: those at its front
  while (gone < queue_.size() && !ring_was_full_)
    gone += submit_batch(gone, ready);
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(gone));
  reap_what_was_at_once(ready);
}

// Submits queued reads from the `begin`-th on, in one call; how many of them need no other.
std::size_t AioContext::submit_batch(std::size_t begin, std::vector<void*>& ready) {
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
  if (taken < 0) {  // it is about the first read of the batch alone (io_submit(2))
    complete(*queue_[begin], taken, ready);
    return 1;
  }
  for (std::size_t i = begin; i < begin + static_cast<std::size_t>(taken); ++i) {
    ++in_flight_;
    queue_[i]->reader->state_ = AioRead::State::InFlight;
  }
  return static_cast<std::size_t>(taken);
}

// What io_submit(2) did at once, since the data was in the page cache. The eventfd has been
// signalled for it: unless that is taken back, the next wait ends for nothing.
void AioContext::reap_what_was_at_once(std::vector<void*>& ready) {
  const std::size_t reaped = reap_all(ready);
  counters_.at_once += reaped;
  if (reaped > 0) reap(ready);
}

// What was orphaned before the kernel saw it goes straight back: its file may be closed by now.
void AioContext::drop_orphans() {
  std::erase_if(queue_, [this](AioBlock* block) {
    if (block->reader != nullptr) return false;
    lane_of(block->use).free.push_back(block);
    return true;
  });
  for (Lane& lane : lanes_)
    serve_line(lane);
}

void AioContext::complete(AioBlock& block, ssize_t result, std::vector<void*>& ready) {
  AioRead* const reader = block.reader;
  if (reader == nullptr) {
    give_back(block);
    return;
  }
  reader->state_ = AioRead::State::Done;
  reader->result_ = result;
  if (block.use == AioRead::Use::Sentinel) {  // it has told all it had to tell
    reader->block_ = nullptr;
    block.reader = nullptr;
    give_back(block);
  }
  if (reader->idle_) reader->set_idle(true);
  if (void* const waiter = std::exchange(reader->waiter_, nullptr)) ready.push_back(waiter);
}

void AioContext::reap(std::vector<void*>& ready) {
  // Level-triggered: the counter must be read before the ring is emptied, or a completion between
  // the two would be announced to nobody.
  std::uint64_t announced = 0;
  [[maybe_unused]] const ssize_t ignored = ::read(event_fd_.get(), &announced, sizeof(announced));
  reap_all(ready);
}

// Until the ring is empty, however little the kernel tells at a time; how many were done. (libaio
// looks at the ring itself, and makes no call for an empty one.)
std::size_t AioContext::reap_all(std::vector<void*>& ready) {
  std::size_t all = 0;
  while (in_flight_ > 0) {
    const std::size_t reaped = reap_at_least(0, ready);
    if (reaped == 0) break;
    all += reaped;
  }
  return all;
}

std::size_t AioContext::reap_at_least(long at_least, std::vector<void*>& ready) {
  std::array<io_event, kReadsPerCall> events{};
  const int count = sys_.aio_events(ring_, at_least, events);
  reap_failed_ = count < 0;
  if (count <= 0) return 0;
  const auto reaped = static_cast<std::size_t>(count);
  for (const io_event& event : std::span(events).first(reaped)) {
    AioBlock& block = *static_cast<AioBlock*>(event.data);
    const auto result = static_cast<ssize_t>(event.res);
    --in_flight_;
    if (result == -EINTR && block.reader != nullptr) {  // nothing is wrong: once more
      block.reader->state_ = AioRead::State::Queued;
      queue_.push_back(&block);
    } else {
      complete(block, result, ready);
    }
  }
  return reaped;
}

void AioContext::drain() {
  helpers_.drain();
  drop_orphans();
  std::vector<void*> nobody;
  while (in_flight_ > 0 && reap_at_least(1, nobody) > 0) {
  }
}

}  // namespace aws
