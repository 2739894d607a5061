// What AioContext does when the kernel is short of room, refuses or is slow: on a simulated ring,
// which does so when it is told to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "faulty_sys.h"
#include "os/aio.h"
#include "temp_folder.h"
#include "test_completion.h"

namespace aws {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::size_t kSentinels = 2;

class AioFaultTest : public testing::Test {
 protected:
  AioFaultTest() : file_(open_file(folder_.write("file", pattern(10'000)))) {
    sys_.holds_reads = true;
  }

  // The disk finishes what it has, and the loop hears of it.
  void finish(AioContext& context, CompletionList& ready) {
    sys_.finish_reads();
    context.reap(ready);
  }

  TestCompletion completion_;
  TestCompletion other_;
  FaultySys sys_;
  ThreadPool threads_{sys_, 1, 4};
  TempFolder folder_;
  UniqueFd file_;
};

TEST_F(AioFaultTest, KeepsReadsQueuedWhileTheRingIsFull) {
  AioContext context(sys_, threads_, 2, kSentinels);
  AioRead first(context, completion_);
  AioRead second(context, completion_);
  first.start(file_.get(), 0, 10, ReadMode::MayWait);
  second.start(file_.get(), 0, 10, ReadMode::MayWait);
  CompletionList ready;
  sys_.fail_call(1, EAGAIN, FaultySys::Call::AioSubmit);
  context.submit(ready);
  EXPECT_EQ(context.reads_in_flight(), 0U);
  EXPECT_TRUE(context.has_unfinished());
  context.submit(ready);
  EXPECT_EQ(context.reads_in_flight(), 2U);
  EXPECT_FALSE(context.has_unfinished());
  EXPECT_EQ(context.counters().ring_full, 1U);
  finish(context, ready);
  EXPECT_TRUE(first.done());
  EXPECT_TRUE(second.done());
}

TEST_F(AioFaultTest, SubmitsTheRestWhenTheKernelTookSome) {
  AioContext context(sys_, threads_, 8, kSentinels);
  std::vector<std::unique_ptr<AioRead>> reads;
  for (int i = 0; i < 5; ++i) {
    reads.push_back(std::make_unique<AioRead>(context, completion_));
    reads.back()->start(file_.get(), 0, 10, ReadMode::MayWait);
  }
  sys_.submit_limit = 2;
  CompletionList ready;
  context.submit(ready);
  EXPECT_EQ(context.reads_in_flight(), 5U);
  EXPECT_EQ(sys_.count(FaultySys::Call::AioSubmit), 3U);
}

TEST_F(AioFaultTest, SubmitsAllReadsOfATurnInOneCall) {
  AioContext context(sys_, threads_, 64, kSentinels);
  std::vector<std::unique_ptr<AioRead>> reads;
  for (int i = 0; i < 64; ++i) {
    reads.push_back(std::make_unique<AioRead>(context, completion_));
    reads.back()->start(file_.get(), 0, 10, ReadMode::MayWait);
  }
  CompletionList ready;
  context.submit(ready);
  EXPECT_EQ(sys_.count(FaultySys::Call::AioSubmit), 1U);
  EXPECT_EQ(context.reads_in_flight(), 64U);
}

TEST_F(AioFaultTest, NotifiesTheCompletionOfAReadThatTheKernelRefused) {
  AioContext context(sys_, threads_, 2, kSentinels);
  AioRead refused(context, completion_);
  AioRead accepted(context, other_);
  refused.start(file_.get(), 0, 10, ReadMode::MayWait);
  refused.notify();
  accepted.start(file_.get(), 0, 10, ReadMode::MayWait);
  accepted.notify();
  sys_.fail_call(1, ENOMEM, FaultySys::Call::AioSubmit);
  CompletionList ready;
  context.submit(ready);
  EXPECT_THAT(taken(ready), ElementsAre(&completion_));
  EXPECT_EQ(refused.result(), -ENOMEM);
  finish(context, ready);
  EXPECT_THAT(taken(ready), ElementsAre(&other_));
}

TEST_F(AioFaultTest, PassesOnWhatTheDiskSays) {
  AioContext context(sys_, threads_, 2, kSentinels);
  AioRead read(context, completion_);
  read.start(file_.get(), 0, 10, ReadMode::MayWait);
  sys_.fail_read(1, EIO);
  CompletionList ready;
  context.submit(ready);
  finish(context, ready);
  ASSERT_TRUE(read.done());
  EXPECT_EQ(read.result(), -EIO);
}

TEST_F(AioFaultTest, ReadsAgainWhatASignalInterrupted) {
  AioContext context(sys_, threads_, 2, kSentinels);
  AioRead read(context, completion_);
  read.start(file_.get(), 10, 20, ReadMode::MayWait);
  read.notify();
  sys_.fail_read(1, EINTR);
  CompletionList ready;
  context.submit(ready);
  finish(context, ready);
  EXPECT_TRUE(ready.empty());
  EXPECT_TRUE(context.has_queued()) << "the loop goes on at once";
  EXPECT_EQ(context.reads_in_flight(), 0U);
  context.submit(ready);
  finish(context, ready);
  EXPECT_THAT(taken(ready), ElementsAre(&completion_));
  EXPECT_EQ(read.bytes(), pattern(10'000).substr(10, 20));
}

TEST_F(AioFaultTest, DoesNotReadAgainForAReaderThatLeft) {
  AioContext context(sys_, threads_, 2, kSentinels);
  sys_.fail_read(1, EINTR);
  CompletionList ready;
  {
    AioRead read(context, completion_);
    read.start(file_.get(), 10, 20, ReadMode::MayWait);
    context.submit(ready);
  }
  finish(context, ready);
  EXPECT_FALSE(context.has_queued());
  EXPECT_EQ(context.blocks_in_use(), 0U);
}

// A read cannot be cancelled: the kernel still writes into the block of a reader that has left.
TEST_F(AioFaultTest, KeepsAnOrphanedBlockUntilItsCompletion) {
  AioContext context(sys_, threads_, 1, kSentinels);
  auto leaver = std::make_unique<AioRead>(context, completion_);
  AioRead next(context, completion_);
  leaver->start(file_.get(), 0, 10, ReadMode::MayWait);
  CompletionList ready;
  context.submit(ready);
  leaver.reset();
  next.start(file_.get(), 20, 10, ReadMode::MayWait);
  context.submit(ready);
  context.reap(ready);
  EXPECT_EQ(context.reads_in_flight(), 1U);
  EXPECT_EQ(context.blocks_in_use(), 1U);
  EXPECT_EQ(sys_.count(FaultySys::Call::AioSubmit), 1U) << "the next one has no block yet";

  finish(context, ready);
  context.submit(ready);
  finish(context, ready);
  EXPECT_EQ(next.bytes(), pattern(10'000).substr(20, 10));
}

TEST_F(AioFaultTest, NeverSubmitsAReadThatWasLeftBefore) {
  AioContext context(sys_, threads_, 2, kSentinels);
  {
    AioRead read(context, completion_);
    read.start(file_.get(), 0, 10, ReadMode::MayWait);
  }
  CompletionList ready;
  context.submit(ready);
  EXPECT_EQ(sys_.count(FaultySys::Call::AioSubmit), 0U);
  EXPECT_EQ(context.blocks_in_use(), 0U);
}

TEST_F(AioFaultTest, ReapsAgainWhenTheKernelHadNoAnswer) {
  AioContext context(sys_, threads_, 2, kSentinels);
  AioRead read(context, completion_);
  read.start(file_.get(), 0, 10, ReadMode::MayWait);
  read.notify();
  CompletionList ready;
  context.submit(ready);
  sys_.fail_call(1, EINTR, FaultySys::Call::AioEvents);
  finish(context, ready);
  EXPECT_TRUE(ready.empty());
  EXPECT_TRUE(context.has_unfinished());
  context.submit(ready);
  EXPECT_THAT(taken(ready), ElementsAre(&completion_));
  EXPECT_FALSE(context.has_unfinished());
}

// The eventfd is silent by then: what a reap leaves in the ring is announced to nobody.
TEST_F(AioFaultTest, ReapsUntilTheRingIsEmptyHoweverLittleItIsGiven) {
  AioContext context(sys_, threads_, 8, kSentinels);
  std::vector<std::unique_ptr<AioRead>> reads;
  for (int i = 0; i < 5; ++i) {
    reads.push_back(std::make_unique<AioRead>(context, completion_));
    reads.back()->start(file_.get(), 0, 10, ReadMode::MayWait);
  }
  CompletionList ready;
  context.submit(ready);
  sys_.events_limit = 2;
  finish(context, ready);
  EXPECT_EQ(context.reads_in_flight(), 0U);
  for (const auto& read : reads)
    EXPECT_TRUE(read->done());
}

TEST_F(AioFaultTest, SaysWhichLimitIsUsedUp) {
  sys_.setup_error = EAGAIN;
  try {
    const AioContext context(sys_, threads_, 32, kSentinels);
    FAIL() << "no exception";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), EAGAIN);
    EXPECT_THAT(error.what(), HasSubstr("fs.aio-max-nr"));
  }
}

// ---- Reads that must not sleep

TEST_F(AioFaultTest, ForbidsTheKernelToSleepWhereItIsAskedTo) {
  AioContext context(sys_, threads_, 4, kSentinels);
  sys_.pages.cold = true;
  sys_.pages.take_in(file_.get(), 0, 4096);
  AioRead missing(context, completion_);
  AioRead here(context, completion_);
  AioRead half(context, completion_);
  missing.start(file_.get(), 4096, 100, ReadMode::NoWait);
  here.start(file_.get(), 0, 100, ReadMode::NoWait);
  half.start(file_.get(), 4000, 500, ReadMode::NoWait);
  CompletionList ready;
  context.submit(ready);
  finish(context, ready);
  EXPECT_EQ(missing.result(), -EAGAIN);
  EXPECT_EQ(here.result(), 100);
  EXPECT_EQ(half.result(), 96) << "up to where memory ends";
  EXPECT_EQ(sys_.sleeps(), 0);

  AioRead patient(context, completion_);
  patient.start(file_.get(), 4096, 100, ReadMode::MayWait);
  context.submit(ready);
  finish(context, ready);
  EXPECT_EQ(patient.result(), 100);
  EXPECT_EQ(sys_.sleeps(), 1);
}

// A block's next read may have to wait for the disk, though its last one was not allowed to.
TEST_F(AioFaultTest, ForgetsItsFlagsFromOneReadToTheNext) {
  AioContext context(sys_, threads_, 1, kSentinels);
  sys_.pages.cold = true;
  AioRead read(context, completion_);
  CompletionList ready;
  for (const ReadMode mode : {ReadMode::NoWait, ReadMode::MayWait}) {
    read.start(file_.get(), 0, 100, mode);
    context.submit(ready);
    finish(context, ready);
    EXPECT_EQ(read.result(), mode == ReadMode::NoWait ? -EAGAIN : 100);
    read.release();
  }
}

TEST_F(AioFaultTest, NotifiesAtOnceOfAReadThatTheFileSystemCannotDoSo) {
  AioContext context(sys_, threads_, 4, kSentinels);
  sys_.lacks_nowait = true;
  AioRead refused(context, completion_);
  AioRead patient(context, completion_);
  refused.start(file_.get(), 0, 100, ReadMode::NoWait);
  refused.notify();
  patient.start(file_.get(), 0, 100, ReadMode::MayWait);
  CompletionList ready;
  context.submit(ready);
  EXPECT_THAT(taken(ready), ElementsAre(&completion_));
  EXPECT_EQ(refused.result(), -EOPNOTSUPP);
  finish(context, ready);
  EXPECT_EQ(patient.result(), 100);
}

// ---- Sentinels

TEST_F(AioFaultTest, GivesASentinelsPlaceBackWhenItIsDone) {
  AioContext context(sys_, threads_, 1, 2);
  std::vector<std::unique_ptr<AioRead>> sentinels;
  CompletionList ready;
  for (int i = 0; i < 6; ++i) {
    sentinels.push_back(std::make_unique<AioRead>(context, completion_, AioRead::Use::Sentinel));
    sentinels.back()->start(file_.get(), 0, AioContext::kSentinelSize, ReadMode::NoWait);
  }
  EXPECT_EQ(context.counters().waited, 4U);
  for (std::size_t done = 2; done <= 6; done += 2) {
    context.submit(ready);
    EXPECT_EQ(sys_.reads_held(), 2U) << "no more than there are places";
    finish(context, ready);
    for (std::size_t i = 0; i < 6; ++i)
      EXPECT_EQ(sentinels[i]->done(), i < done) << i;
  }
  EXPECT_EQ(context.blocks_in_use(), 0U) << "though nobody has released them";
  EXPECT_EQ(sentinels[0]->result(), static_cast<ssize_t>(AioContext::kSentinelSize));
  EXPECT_EQ(context.counters().reads, 0U);
}

TEST_F(AioFaultTest, NeitherBlocksNorSentinelsStarveTheOthers) {
  using Use = AioRead::Use;
  for (const Use greedy : {Use::Bytes, Use::Sentinel}) {
    AioContext context(sys_, threads_, 2, 2);
    std::vector<std::unique_ptr<AioRead>> many;
    for (int i = 0; i < 5; ++i) {
      many.push_back(std::make_unique<AioRead>(context, completion_, greedy));
      many.back()->start(file_.get(), 0, AioContext::kSentinelSize, ReadMode::NoWait);
    }
    AioRead other(context, completion_, greedy == Use::Bytes ? Use::Sentinel : Use::Bytes);
    other.start(file_.get(), 0, AioContext::kSentinelSize, ReadMode::NoWait);
    CompletionList ready;
    context.submit(ready);
    EXPECT_EQ(sys_.reads_held(), 3U);
    finish(context, ready);
    EXPECT_TRUE(other.done());
    sys_.finish_reads();
  }
}

TEST_F(AioFaultTest, OrphansASentinelAsItDoesAnyRead) {
  AioContext context(sys_, threads_, 1, 1);
  CompletionList ready;
  {
    AioRead sentinel(context, completion_, AioRead::Use::Sentinel);
    sentinel.start(file_.get(), 0, AioContext::kSentinelSize, ReadMode::NoWait);
    sentinel.notify();
    context.submit(ready);
  }
  EXPECT_EQ(context.blocks_in_use(), 1U);
  finish(context, ready);
  EXPECT_TRUE(ready.empty());
  EXPECT_EQ(context.blocks_in_use(), 0U);
}

}  // namespace
}  // namespace aws
