#include "os/helper_threads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <atomic>
#include <deque>
#include <latch>
#include <memory>
#include <optional>
#include <vector>

#include "disk.h"
#include "temp_folder.h"

namespace aws {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Notes that it ran and where; waits before that for the latch, if there is one.
class Note final : public Errand {
 public:
  Note(std::vector<int>& ran, int number, std::latch* gate = nullptr)
      : ran_(ran), number_(number), gate_(gate) {}

  [[nodiscard]] std::thread::id where() const { return where_; }
  int returns = 0;

 private:
  void run(Sys& /*sys*/) noexcept override {
    if (gate_ != nullptr) gate_->wait();
    where_ = std::this_thread::get_id();
    ran_.push_back(number_);
  }
  void returned(std::vector<void*>& ready) override {
    ++returns;
    ready.push_back(this);
  }

  std::vector<int>& ran_;
  const int number_;
  std::latch* const gate_;
  std::thread::id where_;
};

bool is_readable(int fd) {
  pollfd watched{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&watched, 1, 0) == 1;
}

class HelperThreadsTest : public testing::Test {
 protected:
  // One errand after the other: `ran_` needs no lock.
  HelperThreads& one_thread(std::size_t queue) { return helpers_.emplace(sys_, 1, queue); }

  Note& note(std::latch* gate = nullptr) {
    return notes_.emplace_back(ran_, static_cast<int>(notes_.size()), gate);
  }

  // Opens `gate_` however the test ends: a helper that waits could never be joined.
  void TearDown() override {
    if (!gate_.try_wait()) gate_.count_down();
  }

  Sys sys_;
  std::latch gate_{1};
  std::vector<int> ran_;
  std::deque<Note> notes_;
  std::vector<void*> ready_;
  std::optional<HelperThreads> helpers_;  // its threads end before what they work with
};

TEST_F(HelperThreadsTest, RunErrandsInOrderAndNotOnTheLoop) {
  HelperThreads& helpers = one_thread(100);
  for (int i = 0; i < 5; ++i)
    helpers.start(note(), this);
  await_errands(helpers, ready_);
  EXPECT_THAT(ran_, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(ready_, ElementsAre(&notes_[0], &notes_[1], &notes_[2], &notes_[3], &notes_[4]));
  for (const Note& errand : notes_) {
    EXPECT_FALSE(errand.under_way());
    EXPECT_NE(errand.where(), std::this_thread::get_id());
  }
  EXPECT_EQ(helpers.counters().errands, 5U);
  EXPECT_EQ(helpers.counters().waited, 0U);
}

TEST_F(HelperThreadsTest, AnnounceByTheirDescriptorWhatIsDone) {
  HelperThreads& helpers = one_thread(4);
  Note& errand = note(&gate_);
  helpers.start(errand, this);
  EXPECT_FALSE(is_readable(helpers.event_fd()));
  helpers.reap(ready_);  // never waits
  EXPECT_THAT(ready_, IsEmpty());
  EXPECT_TRUE(errand.under_way());

  gate_.count_down();
  pollfd announced{.fd = helpers.event_fd(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&announced, 1, -1), 1);
  EXPECT_TRUE(errand.under_way()) << "until the loop has heard of it";
  helpers.reap(ready_);
  EXPECT_THAT(ready_, ElementsAre(&errand));
  EXPECT_FALSE(errand.under_way());
  EXPECT_FALSE(is_readable(helpers.event_fd())) << "once is enough";
}

TEST_F(HelperThreadsTest, HaveErrandsWaitInOrderWhileTheQueueIsFull) {
  HelperThreads& helpers = one_thread(2);
  for (int i = 0; i < 6; ++i)
    helpers.start(note(&gate_), this);
  EXPECT_EQ(helpers.errands_out(), 2U);
  EXPECT_EQ(helpers.counters().errands, 6U);
  EXPECT_EQ(helpers.counters().waited, 4U);
  for (const Note& errand : notes_)
    EXPECT_TRUE(errand.under_way());
  gate_.count_down();
  await_errands(helpers, ready_);
  EXPECT_THAT(ran_, ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST_F(HelperThreadsTest, GiveBackOnlyAnErrandThatStandsInLine) {
  HelperThreads& helpers = one_thread(1);
  Note& out = note(&gate_);
  Note& in_line = note();
  Note& behind = note();
  EXPECT_FALSE(helpers.withdraw(out)) << "it is at home";
  helpers.start(out, this);
  helpers.start(in_line, this);
  helpers.start(behind, this);
  EXPECT_FALSE(helpers.withdraw(out));
  EXPECT_TRUE(helpers.withdraw(in_line));
  EXPECT_FALSE(in_line.under_way());
  EXPECT_FALSE(helpers.withdraw(in_line));
  gate_.count_down();
  await_errands(helpers, ready_);
  EXPECT_THAT(ran_, ElementsAre(0, 2));
  helpers.start(in_line, this);
  await_errands(helpers, ready_);
  EXPECT_THAT(ran_, ElementsAre(0, 2, 1));
  EXPECT_EQ(in_line.returns, 1);
}

TEST_F(HelperThreadsTest, SayForWhomTheyWork) {
  HelperThreads& helpers = one_thread(1);
  const int someone = 0;
  const int next = 0;
  helpers.start(note(&gate_), &someone);
  helpers.start(note(), &next);
  EXPECT_TRUE(helpers.works_for(&someone));
  EXPECT_FALSE(helpers.works_for(&next)) << "it can still be withdrawn";
  EXPECT_FALSE(helpers.works_for(this));
  gate_.count_down();
  pollfd announced{.fd = helpers.event_fd(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&announced, 1, -1), 1);
  EXPECT_TRUE(helpers.works_for(&someone)) << "the loop has not heard of it";
  helpers.reap(ready_);
  EXPECT_FALSE(helpers.works_for(&someone));
  EXPECT_TRUE(helpers.works_for(&next));
  await_errands(helpers, ready_);
  EXPECT_FALSE(helpers.works_for(&next));
}

TEST_F(HelperThreadsTest, DrainRunsAllThatIsLeft) {
  HelperThreads& helpers = one_thread(2);
  for (int i = 0; i < 5; ++i)
    helpers.start(note(), this);
  helpers.drain();
  EXPECT_EQ(helpers.errands_out(), 0U);
  EXPECT_THAT(ran_, ElementsAre(0, 1, 2, 3, 4));
  for (const Note& errand : notes_)
    EXPECT_EQ(errand.returns, 1);
  helpers.drain();  // nothing to wait for
}

TEST_F(HelperThreadsTest, LeaveNoDescriptorBehind) {
  const std::ptrdiff_t before = open_descriptors();
  one_thread(2).start(note(), this);
  helpers_.reset();
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_THAT(ran_, ElementsAre(0)) << "what was handed over is done first";
}

// Counts its runs; may run on any helper.
class Count final : public Errand {
 public:
  std::atomic<int> runs = 0;
  int returns = 0;

 private:
  void run(Sys& /*sys*/) noexcept override { ++runs; }
  void returned(std::vector<void*>& ready) override {
    ++returns;
    ready.push_back(this);
  }
};

TEST_F(HelperThreadsTest, ShareTheWorkAndRunEachErrandOnceAStart) {
  constexpr int kStarts = 200;
  std::array<Count, 32> errands;
  HelperThreads helpers(sys_, 8, 5);
  for (Count& errand : errands)
    helpers.start(errand, this);
  std::size_t heard = 0;
  while (heard < errands.size() * kStarts) {
    pollfd done{.fd = helpers.event_fd(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(::poll(&done, 1, -1), 1);
    std::vector<void*> ready;
    helpers.reap(ready);
    heard += ready.size();
    for (void* const who : ready) {
      auto& errand = *static_cast<Count*>(who);
      EXPECT_EQ(errand.runs, errand.returns);
      if (errand.returns < kStarts) helpers.start(errand, this);
    }
  }
  for (const Count& errand : errands)
    EXPECT_EQ(errand.runs, kStarts);
  EXPECT_EQ(helpers.errands_out(), 0U);
  EXPECT_EQ(helpers.counters().errands, errands.size() * kStarts);
}

}  // namespace
}  // namespace aws
