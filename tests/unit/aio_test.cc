#include "os/aio.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "disk.h"
#include "temp_folder.h"

namespace aws {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr std::size_t kSentinels = 2;

// A read with a completion of its own, which it notifies.
struct NotifyingRead {
  explicit NotifyingRead(AioContext& context) : read(context, completion) {}

  void start(int file, off_t offset, std::size_t length) {
    read.start(file, offset, length, ReadMode::MayWait);
    read.notify();
  }

  TestCompletion completion;
  AioRead read;
};

// The same tests against the kernel and against FaultySys, which must not differ from it.
class AioTest : public testing::TestWithParam<bool> {
 protected:
  AioTest() : content_(pattern(600'000)), file_(open_file(folder_.write("file", content_))) {}

  Sys& sys() { return GetParam() ? kernel_ : static_cast<Sys&>(faulty_); }

  // Plays the loop until nothing is under way. Returns the completions to notify.
  std::vector<Completion*> settle(AioContext& context) {
    CompletionList ready;
    context.submit(ready);
    while (context.reads_in_flight() > 0 || context.has_queued()) {
      pollfd announced{.fd = context.event_fd(), .events = POLLIN, .revents = 0};
      if (GetParam() && context.reads_in_flight() > 0 && ::poll(&announced, 1, 10'000) != 1) {
        ADD_FAILURE() << "no completion";
        break;
      }
      context.reap(ready);
      context.submit(ready);
    }
    return taken(ready);
  }

  std::string_view part(std::size_t offset, std::size_t length) const {
    return std::string_view(content_).substr(offset, length);
  }

  TestCompletion completion_;
  Sys kernel_;
  FaultySys faulty_;
  ThreadPool threads_{sys(), 1, 4};
  TempFolder folder_;
  std::string content_;
  UniqueFd file_;
};

INSTANTIATE_TEST_SUITE_P(Rings, AioTest, testing::Bool(),
                         [](const auto& real) { return real.param ? "OfTheKernel" : "Simulated"; });

TEST_P(AioTest, ReadsWhatTheFileHolds) {
  AioContext context(sys(), threads_, 4, kSentinels);
  TestCompletion completion_of_second;
  AioRead first(context, completion_);
  AioRead second(context, completion_of_second);
  first.start(file_.get(), 0, AioContext::kBlockSize, ReadMode::MayWait);
  first.notify();
  second.start(file_.get(), 12'345, 678, ReadMode::MayWait);
  second.notify();
  EXPECT_TRUE(first.started());
  EXPECT_FALSE(first.done());
  EXPECT_THAT(settle(context), UnorderedElementsAre(&completion_, &completion_of_second));
  ASSERT_TRUE(first.done());
  EXPECT_EQ(first.bytes(), part(0, AioContext::kBlockSize));
  EXPECT_EQ(second.bytes(), part(12'345, 678));
}

TEST_P(AioTest, NotifiesOnceAndOnlyIfItIsAskedTo) {
  AioContext context(sys(), threads_, 2, kSentinels);
  TestCompletion unasked;
  AioRead awaited(context, completion_);
  AioRead unawaited(context, unasked);
  awaited.start(file_.get(), 0, 10, ReadMode::MayWait);
  awaited.notify();
  unawaited.start(file_.get(), 0, 10, ReadMode::MayWait);
  EXPECT_THAT(settle(context), ElementsAre(&completion_));
  EXPECT_TRUE(unawaited.done());
  EXPECT_THAT(settle(context), IsEmpty());
  CompletionList ready;
  context.reap(ready);
  EXPECT_TRUE(ready.empty());
}

TEST_P(AioTest, NotifiesACompletionOnceOfReadsThatAreDoneTogether) {
  AioContext context(sys(), threads_, 3, kSentinels);
  std::vector<std::unique_ptr<AioRead>> reads;
  for (int i = 0; i < 3; ++i) {
    reads.push_back(std::make_unique<AioRead>(context, completion_));
    reads.back()->start(file_.get(), 0, 10, ReadMode::MayWait);
    reads.back()->notify();
  }
  EXPECT_THAT(settle(context), ElementsAre(&completion_));
  for (const auto& read : reads)
    EXPECT_TRUE(read->done());
}

TEST_P(AioTest, ReadsLessAtTheEndOfTheFileAndNothingBehindIt) {
  AioContext context(sys(), threads_, 2, kSentinels);
  AioRead at_end(context, completion_);
  AioRead behind(context, completion_);
  at_end.start(file_.get(), 599'990, 100, ReadMode::MayWait);
  behind.start(file_.get(), 700'000, 100, ReadMode::MayWait);
  settle(context);
  EXPECT_EQ(at_end.bytes(), part(599'990, 10));
  ASSERT_TRUE(behind.done());
  EXPECT_EQ(behind.result(), 0);
}

// io_submit(2) speaks only of the first read of a batch when it fails: the others must go on.
TEST_P(AioTest, FailsABadReadAndNoneOfItsNeighbours) {
  AioContext context(sys(), threads_, 8, kSentinels);
  std::vector<std::unique_ptr<NotifyingRead>> reads;
  for (int i = 0; i < 6; ++i) {
    reads.push_back(std::make_unique<NotifyingRead>(context));
    reads.back()->start(i % 2 == 0 ? -1 : file_.get(), i * 100, 100);
  }
  EXPECT_EQ(settle(context).size(), 6U);
  for (std::size_t i = 0; i < 6; ++i) {
    ASSERT_TRUE(reads[i]->read.done());
    if (i % 2 == 0) {
      EXPECT_EQ(reads[i]->read.result(), -EBADF);
    } else {
      EXPECT_EQ(reads[i]->read.bytes(), part(i * 100, 100));
    }
  }
  reads.clear();
  EXPECT_EQ(context.blocks_in_use(), 0U);
}

TEST_P(AioTest, LetsReadsWaitInLineForABlock) {
  AioContext context(sys(), threads_, 2, kSentinels);
  std::vector<std::unique_ptr<AioRead>> reads;
  for (int i = 0; i < 6; ++i) {
    reads.push_back(std::make_unique<AioRead>(context, completion_));
    reads.back()->start(file_.get(), i * 100, 100, ReadMode::MayWait);
  }
  for (std::size_t i = 0; i < 6; i += 2) {  // each time one is released, the next has its turn
    settle(context);
    for (std::size_t j = 0; j < 6; ++j)
      EXPECT_EQ(reads[j]->done(), j == i || j == i + 1) << j;
    for (const std::size_t j : {i, i + 1}) {
      EXPECT_EQ(reads[j]->bytes(), part(j * 100, 100));
      reads[j]->release();
    }
  }
  EXPECT_EQ(context.blocks_in_use(), 0U);
}

TEST_P(AioTest, IsReusableAfterRelease) {
  AioContext context(sys(), threads_, 1, kSentinels);
  AioRead read(context, completion_);
  for (const off_t offset : {0, 5'000, 100}) {
    read.start(file_.get(), offset, 50, ReadMode::MayWait);
    settle(context);
    EXPECT_EQ(read.bytes(), part(static_cast<std::size_t>(offset), 50));
    read.release();
    EXPECT_FALSE(read.started());
  }
}

// A reader may leave at any moment; its block must come back from wherever it is.
TEST_P(AioTest, TakesBlocksBackFromReadersThatLeave) {
  AioContext context(sys(), threads_, 3, kSentinels);
  {
    AioRead queued(context, completion_);
    queued.start(file_.get(), 0, 10, ReadMode::MayWait);
  }
  auto in_flight = std::make_unique<AioRead>(context, completion_);
  in_flight->start(file_.get(), 0, AioContext::kBlockSize, ReadMode::MayWait);
  in_flight->notify();
  CompletionList ready;
  context.submit(ready);
  ready.clear();  // the simulated disk is done at once
  in_flight.reset();
  auto done = std::make_unique<AioRead>(context, completion_);
  done->start(file_.get(), 0, 10, ReadMode::MayWait);
  EXPECT_THAT(settle(context), IsEmpty()) << "the completion of a reader that left is not notified";
  done.reset();
  std::vector<std::unique_ptr<AioRead>> more;
  for (int i = 0; i < 5; ++i) {
    more.push_back(std::make_unique<AioRead>(context, completion_));
    more.back()->start(file_.get(), 0, 10, ReadMode::MayWait);
  }
  more.erase(more.begin() + 3, more.end());  // these two stood in line
  settle(context);
  for (const auto& read : more)
    EXPECT_TRUE(read->done());
  more.clear();
  EXPECT_EQ(context.blocks_in_use(), 0U);
  EXPECT_EQ(context.reads_in_flight(), 0U);
}

TEST_P(AioTest, DrainsWhatIsInFlight) {
  AioContext context(sys(), threads_, 2, kSentinels);
  auto read = std::make_unique<AioRead>(context, completion_);
  read->start(file_.get(), 0, AioContext::kBlockSize, ReadMode::MayWait);
  CompletionList ready;
  context.submit(ready);
  read.reset();
  context.drain();
  EXPECT_EQ(context.reads_in_flight(), 0U);
  EXPECT_EQ(context.blocks_in_use(), 0U);
}

// A loop that ends at once may have taken a request, and dropped it, since it last submitted.
TEST_P(AioTest, HasNoBlockInUseAfterDrainingEvenIfItWasNeverSubmitted) {
  AioContext context(sys(), threads_, 2, kSentinels);
  {
    AioRead read(context, completion_);
    read.start(file_.get(), 0, 10, ReadMode::MayWait);
  }
  context.drain();
  EXPECT_EQ(context.blocks_in_use(), 0U);
}

TEST_P(AioTest, LeavesNoDescriptorBehind) {
  const std::ptrdiff_t before = open_descriptors();
  {
    AioContext context(sys(), threads_, 2, kSentinels);
    AioRead read(context, completion_);
    read.start(file_.get(), 0, 10, ReadMode::MayWait);
    CompletionList ready;
    context.submit(ready);
  }
  EXPECT_EQ(open_descriptors(), before);
}

// An idle read's client is slow: its block serves others, and the read is started anew later.
TEST_P(AioTest, TakesTheBlockOfTheLongestIdleRead) {
  AioContext context(sys(), threads_, 2, kSentinels);
  AioRead older(context, completion_);
  AioRead newer(context, completion_);
  older.start(file_.get(), 0, 10, ReadMode::MayWait);
  newer.start(file_.get(), 0, 10, ReadMode::MayWait);
  settle(context);
  older.set_idle(true);
  newer.set_idle(true);
  EXPECT_TRUE(older.done()) << "nobody needs it yet";

  AioRead other(context, completion_);
  other.start(file_.get(), 100, 10, ReadMode::MayWait);
  EXPECT_FALSE(older.started());
  EXPECT_TRUE(newer.done());
  settle(context);
  EXPECT_EQ(other.bytes(), part(100, 10));
  EXPECT_EQ(newer.bytes(), part(0, 10));

  newer.set_idle(false);
  older.start(file_.get(), 200, 10, ReadMode::MayWait);
  settle(context);
  EXPECT_FALSE(older.done()) << "a read that is not idle any more keeps its block";
  other.release();
  settle(context);
  EXPECT_EQ(older.bytes(), part(200, 10));
}

TEST_P(AioTest, GivesABlockThatBecomesIdleToWhoWaits) {
  AioContext context(sys(), threads_, 1, kSentinels);
  AioRead slow(context, completion_);
  AioRead waiting(context, completion_);
  slow.start(file_.get(), 0, 10, ReadMode::MayWait);
  settle(context);
  waiting.start(file_.get(), 50, 10, ReadMode::MayWait);
  settle(context);
  EXPECT_FALSE(waiting.done());
  slow.set_idle(true);
  EXPECT_FALSE(slow.started());
  settle(context);
  EXPECT_EQ(waiting.bytes(), part(50, 10));
}

TEST_P(AioTest, MayBecomeIdleWhileItIsStillRead) {
  AioContext context(sys(), threads_, 1, kSentinels);
  AioRead slow(context, completion_);
  AioRead waiting(context, completion_);
  slow.start(file_.get(), 0, 10, ReadMode::MayWait);
  slow.set_idle(true);
  waiting.start(file_.get(), 50, 10, ReadMode::MayWait);
  settle(context);
  EXPECT_FALSE(slow.started());
  EXPECT_EQ(waiting.bytes(), part(50, 10));
}

// The kernel's answer is there when io_submit(2) returns, and needs no other wake-up.
TEST_P(AioTest, HasWhatIsInMemoryAtOnce) {
  AioContext context(sys(), threads_, 100, kSentinels);
  std::vector<std::unique_ptr<NotifyingRead>> reads;
  for (int i = 0; i < 100; ++i) {  // more than one call takes
    reads.push_back(std::make_unique<NotifyingRead>(context));
    reads.back()->start(file_.get(), i, 50);
  }
  CompletionList ready;
  context.submit(ready);
  EXPECT_EQ(taken(ready).size(), 100U);
  for (std::size_t i = 0; i < 100; ++i)
    EXPECT_EQ(reads[i]->read.bytes(), part(i, 50));
  EXPECT_EQ(context.counters().at_once, 100U);
  EXPECT_EQ(context.reads_in_flight(), 0U);
  EXPECT_FALSE(context.has_unfinished());
  pollfd announced{.fd = context.event_fd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&announced, 1, 0), 0) << "the eventfd was taken back";
}

// ---- By a helper

class AioHelperTest : public testing::Test {
 protected:
  AioHelperTest() : content_(pattern(600'000)), file_(open_file(folder_.write("file", content_))) {}

  void start(AioRead& read, off_t offset, std::size_t length) {
    read.start(file_.get(), offset, length, ReadMode::OnHelper);
    read.notify();
  }

  TestCompletion completion_;
  Disk disk_{2, 2, 1};
  TempFolder folder_;
  std::string content_;
  UniqueFd file_;
};

TEST_F(AioHelperTest, ReadsIntoTheSameBlocks) {
  AioRead read(disk_.aio, completion_);
  start(read, 12'345, 678);
  EXPECT_TRUE(read.started());
  EXPECT_FALSE(read.done());
  EXPECT_EQ(disk_.aio.blocks_in_use(), 1U);
  EXPECT_TRUE(completion_.has_pending_work());
  EXPECT_THAT(disk_.turn(), ElementsAre(&completion_));
  EXPECT_EQ(read.bytes(), content_.substr(12'345, 678));
  EXPECT_EQ(disk_.aio.counters().on_helper, 1U);
  EXPECT_EQ(disk_.sys.count(FaultySys::Call::AioSubmit), 0U);
  EXPECT_EQ(disk_.sys.sleeps(), 0);
  read.release();
  EXPECT_EQ(disk_.aio.blocks_in_use(), 0U);
}

TEST_F(AioHelperTest, TellsHowItWent) {
  AioRead read(disk_.aio, completion_);
  disk_.sys.fail_read(1, EIO);
  start(read, 0, 100);
  disk_.turn();
  EXPECT_EQ(read.result(), -EIO);
  read.release();
  start(read, 599'990, 100);
  disk_.turn();
  EXPECT_EQ(read.result(), 10) << "the file ends there";
}

// Its bytes are dropped, so that it may be longer than a sentinel's memory.
TEST_F(AioHelperTest, TouchesAWholeWindowForASentinel) {
  disk_.sys.pages.cold = true;
  AioRead sentinel(disk_.aio, completion_, AioRead::Use::Sentinel);
  start(sentinel, 4096, AioContext::kBlockSize);
  disk_.turn();
  EXPECT_EQ(sentinel.result(), static_cast<ssize_t>(AioContext::kBlockSize));
  EXPECT_EQ(disk_.io.probe(file_.get(), 4096, 4096 + AioContext::kBlockSize),
            DiskIo::Answer::Resident);
  sentinel.release();
  start(sentinel, 599'000, AioContext::kBlockSize);
  disk_.turn();
  EXPECT_EQ(sentinel.result(), 1000);
  sentinel.release();
  disk_.sys.fail_read(3, EIO);
  start(sentinel, 0, AioContext::kBlockSize);
  disk_.turn();
  EXPECT_EQ(sentinel.result(), -EIO);
}

TEST_F(AioHelperTest, KeepsTheBlockOfAReaderThatLeftUntilTheHelperIsDone) {
  disk_.holds_tasks = true;
  {
    AioRead leaver(disk_.aio, completion_);
    start(leaver, 0, 100);
  }
  EXPECT_EQ(disk_.aio.blocks_in_use(), 1U);
  EXPECT_TRUE(completion_.has_pending_work());
  disk_.turn();
  EXPECT_EQ(disk_.aio.blocks_in_use(), 1U);
  disk_.holds_tasks = false;
  EXPECT_THAT(disk_.turn(), IsEmpty());
  EXPECT_EQ(disk_.aio.blocks_in_use(), 0U);
  EXPECT_FALSE(completion_.has_pending_work());
}

TEST_F(AioHelperTest, TakesTheBlockBackAtOnceWhereNoHelperHadGotToIt) {
  TestCompletion other;
  disk_.holds_tasks = true;
  AioRead first(disk_.aio, completion_);
  auto leaver = std::make_unique<AioRead>(disk_.aio, other);
  start(first, 0, 100);
  start(*leaver, 200, 100);  // the queue holds one
  EXPECT_EQ(disk_.aio.blocks_in_use(), 2U);
  leaver.reset();
  EXPECT_EQ(disk_.aio.blocks_in_use(), 1U);
  disk_.holds_tasks = false;
  EXPECT_THAT(disk_.turn(), ElementsAre(&completion_));
  EXPECT_EQ(disk_.sys.count(FaultySys::Call::Pread), 1U);
}

TEST_F(AioHelperTest, DrainsWhatHelpersDo) {
  {
    AioRead leaver(disk_.aio, completion_);
    start(leaver, 0, 100);
  }
  disk_.sys.let_helpers_work(true);
  disk_.aio.drain();
  disk_.sys.let_helpers_work(false);
  EXPECT_EQ(disk_.aio.blocks_in_use(), 0U);
  EXPECT_EQ(disk_.threads.running(), 0U);
}

}  // namespace
}  // namespace aws
