#include "os/thread_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <latch>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "disk.h"
#include "temp_folder.h"
#include "test_completion.h"

namespace aws {
namespace {

using testing::ElementsAre;

// Notes that it ran and where. Waits for the latch before, if there is one.
class Note final : public Task {
 public:
  Note(std::vector<int>& ran, int number, std::latch* gate = nullptr)
      : ran_(ran), number_(number), gate_(gate) {}

  [[nodiscard]] std::thread::id where() const { return where_; }
  TestCompletion completion;
  int finishes = 0;

 private:
  void run(Sys& /*sys*/) noexcept override {
    if (gate_ != nullptr) gate_->wait();
    where_ = std::this_thread::get_id();
    ran_.push_back(number_);
  }
  void finished(CompletionList& ready) override {
    ++finishes;
    Task::finished(ready);
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

class ThreadPoolTest : public testing::Test {
 protected:
  // One task after the other: `ran_` needs no lock.
  ThreadPool& one_thread(std::size_t queue) { return pool_.emplace(sys_, 1, queue); }

  Note& note(std::latch* gate = nullptr) {
    return notes_.emplace_back(ran_, static_cast<int>(notes_.size()), gate);
  }

  static Note& start(ThreadPool& pool, Note& task) {
    pool.start(task, task.completion);
    return task;
  }

  // Opens `gate_` however the test ends: a thread that waits could never be joined.
  void TearDown() override {
    if (!gate_.try_wait()) gate_.count_down();
    ready_.clear();
  }

  Sys sys_;
  std::latch gate_{1};
  std::vector<int> ran_;
  std::deque<Note> notes_;
  CompletionList ready_;
  std::optional<ThreadPool> pool_;  // its threads end before what they work with
};

TEST_F(ThreadPoolTest, RunsTasksInOrderAndNotOnTheLoop) {
  ThreadPool& pool = one_thread(100);
  for (int i = 0; i < 5; ++i)
    start(pool, note());
  await_tasks(pool, ready_);
  EXPECT_THAT(ran_, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(taken(ready_),
              ElementsAre(&notes_[0].completion, &notes_[1].completion, &notes_[2].completion,
                          &notes_[3].completion, &notes_[4].completion));
  for (const Note& task : notes_) {
    EXPECT_FALSE(task.under_way());
    EXPECT_NE(task.where(), std::this_thread::get_id());
  }
  EXPECT_EQ(pool.counters().tasks, 5U);
  EXPECT_EQ(pool.counters().queued, 0U);
}

TEST_F(ThreadPoolTest, AnnouncesByItsDescriptorWhatIsDone) {
  ThreadPool& pool = one_thread(4);
  Note& task = start(pool, note(&gate_));
  EXPECT_FALSE(is_readable(pool.event_fd()));
  pool.reap(ready_);  // never waits
  EXPECT_TRUE(ready_.empty());
  EXPECT_TRUE(task.under_way());

  gate_.count_down();
  pollfd announced{.fd = pool.event_fd(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&announced, 1, -1), 1);
  EXPECT_TRUE(task.under_way()) << "until the loop has reaped it";
  pool.reap(ready_);
  EXPECT_THAT(taken(ready_), ElementsAre(&task.completion));
  EXPECT_FALSE(task.under_way());
  EXPECT_FALSE(is_readable(pool.event_fd())) << "once is enough";
}

TEST_F(ThreadPoolTest, QueuesTasksInOrderWhileTheThreadsHaveEnough) {
  ThreadPool& pool = one_thread(2);
  for (int i = 0; i < 6; ++i)
    start(pool, note(&gate_));
  EXPECT_EQ(pool.running(), 2U);
  EXPECT_EQ(pool.counters().tasks, 6U);
  EXPECT_EQ(pool.counters().queued, 4U);
  for (const Note& task : notes_)
    EXPECT_TRUE(task.under_way());
  gate_.count_down();
  await_tasks(pool, ready_);
  EXPECT_THAT(ran_, ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST_F(ThreadPoolTest, WithdrawsOnlyATaskThatIsQueued) {
  ThreadPool& pool = one_thread(1);
  Note& running = note(&gate_);
  Note& queued = note();
  Note& behind = note();
  EXPECT_FALSE(pool.withdraw(running)) << "it is idle";
  start(pool, running);
  start(pool, queued);
  start(pool, behind);
  EXPECT_FALSE(pool.withdraw(running));
  EXPECT_TRUE(pool.withdraw(queued));
  EXPECT_FALSE(queued.under_way());
  EXPECT_FALSE(pool.withdraw(queued));
  gate_.count_down();
  await_tasks(pool, ready_);
  EXPECT_THAT(ran_, ElementsAre(0, 2));
  start(pool, queued);
  await_tasks(pool, ready_);
  EXPECT_THAT(ran_, ElementsAre(0, 2, 1));
  EXPECT_EQ(queued.finishes, 1);
}

TEST_F(ThreadPoolTest, IsPendingWorkOfTheCompletionsOfRunningTasks) {
  ThreadPool& pool = one_thread(1);
  const Note& first = start(pool, note(&gate_));
  const Note& next = start(pool, note());
  EXPECT_TRUE(first.completion.has_pending_work());
  EXPECT_FALSE(next.completion.has_pending_work()) << "it can still be withdrawn";
  gate_.count_down();
  pollfd announced{.fd = pool.event_fd(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&announced, 1, -1), 1);
  EXPECT_TRUE(first.completion.has_pending_work()) << "the loop has not reaped it";
  pool.reap(ready_);
  EXPECT_FALSE(first.completion.has_pending_work());
  EXPECT_TRUE(next.completion.has_pending_work());
  await_tasks(pool, ready_);
  EXPECT_FALSE(next.completion.has_pending_work());
}

TEST_F(ThreadPoolTest, DrainsAllThatIsLeft) {
  ThreadPool& pool = one_thread(2);
  for (int i = 0; i < 5; ++i)
    start(pool, note());
  pool.drain();
  EXPECT_EQ(pool.running(), 0U);
  EXPECT_THAT(ran_, ElementsAre(0, 1, 2, 3, 4));
  for (const Note& task : notes_) {
    EXPECT_EQ(task.finishes, 1);
    EXPECT_EQ(task.completion.notified, 0) << "at the end of a loop";
    EXPECT_FALSE(task.completion.has_pending_work());
  }
  pool.drain();  // nothing to wait for
}

TEST_F(ThreadPoolTest, LeavesNoDescriptorBehind) {
  const std::ptrdiff_t before = open_descriptors();
  start(one_thread(2), note());
  pool_.reset();
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_THAT(ran_, ElementsAre(0)) << "what was handed over is done first";
}

TEST_F(ThreadPoolTest, LeavesTasksIdleWhenItEnds) {
  ThreadPool& pool = one_thread(1);
  const Note& running = start(pool, note());
  const Note& queued = start(pool, note());
  pool_.reset();
  EXPECT_THAT(ran_, ElementsAre(0)) << "the other was never handed over";
  for (const Note* const task : {&running, &queued}) {
    EXPECT_FALSE(task->under_way());
    EXPECT_FALSE(task->completion.has_pending_work());
    EXPECT_EQ(task->completion.notified, 0);
  }
}

// Counts its runs; may run on any thread.
class Count final : public Task, public Completion {
 public:
  std::atomic<int> runs = 0;
  int notified = 0;
  std::function<void(Count&)> on_ready;

 private:
  void run(Sys& /*sys*/) noexcept override { ++runs; }
  void ready() noexcept override {
    ++notified;
    on_ready(*this);
  }
};

TEST_F(ThreadPoolTest, SharesTheWorkAndRunsEachTaskOnceAStart) {
  constexpr int kStarts = 200;
  std::array<Count, 32> tasks;
  ThreadPool pool(sys_, 8, 5);
  for (Count& task : tasks) {
    task.on_ready = [&pool](Count& ready) {
      EXPECT_EQ(ready.runs, ready.notified);
      if (ready.notified < kStarts) pool.start(ready, ready);
    };
    pool.start(task, task);
  }
  while (pool.running() > 0) {
    pollfd done{.fd = pool.event_fd(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(::poll(&done, 1, -1), 1);
    pool.reap(ready_);
    notify_all(ready_);
  }
  for (const Count& task : tasks)
    EXPECT_EQ(task.runs, kStarts);
  EXPECT_EQ(pool.counters().tasks, tasks.size() * kStarts);
}

// ---- Tasks that hang

// Works on `path` until the latch opens.
class Stuck final : public Task {
 public:
  Stuck(std::string path, std::latch* gate) : path_(std::move(path)), gate_(gate) {}
  TestCompletion completion;
  bool refused = false;
  std::atomic<bool> began = false;

 private:
  void run(Sys& /*sys*/) noexcept override {
    began = true;
    began.notify_all();
    if (gate_ != nullptr) gate_->wait();
  }
  [[nodiscard]] std::string path() const override { return path_; }
  void refuse() noexcept override { refused = true; }

  std::string path_;
  std::latch* gate_;
};

class HungPoolTest : public ThreadPoolTest {
 protected:
  void start(Stuck& task) { pool_.start(task, task.completion); }

  // As if so much time had passed.
  void check_after(std::int64_t us) { pool_.check_hung(sys_.monotonic_us() + us); }

  void reap() {
    pollfd done{.fd = pool_.event_fd(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(::poll(&done, 1, -1), 1);
    pool_.reap(ready_);
    notify_all(ready_);
  }

  ~HungPoolTest() override {
    if (!gate_.try_wait()) gate_.count_down();
    pool_.drain();
  }

  std::latch gate_{1};
  Sys sys_;
  Stuck one_{"/proc/one", &gate_};
  Stuck two_{"/proc/two", &gate_};
  ThreadPool pool_{sys_, 2, 10};
};

TEST_F(HungPoolTest, HasAnotherThreadForEachThatHangs) {
  Stuck other("/else", nullptr);
  start(one_);
  start(two_);
  one_.began.wait(false);
  two_.began.wait(false);
  start(other);
  EXPECT_GT(pool_.next_check_us(), 0);
  check_after(0);
  EXPECT_FALSE(other.began) << "they do not hang yet";
  check_after(ThreadPool::kHungUs);
  reap();
  EXPECT_TRUE(other.began);
  EXPECT_FALSE(other.refused);
  EXPECT_EQ(other.completion.notified, 1);
  EXPECT_THAT(pool_.paths_of_running(), ElementsAre("/proc/one", "/proc/two"));
}

TEST_F(HungPoolTest, RefusesFurtherTasksOfAMountInWhichAllThreadsHang) {
  Stuck queued("/proc/three", nullptr);
  Stuck later("/proc/four", nullptr);
  start(one_);
  start(two_);
  one_.began.wait(false);
  two_.began.wait(false);
  start(queued);
  check_after(ThreadPool::kHungUs);
  start(later);
  while (later.completion.notified + queued.completion.notified < 2)
    reap();
  EXPECT_TRUE(queued.refused && later.refused);
  EXPECT_FALSE(queued.began || later.began);
}

TEST_F(HungPoolTest, RunsTasksAgainWhenTheMountAnswers) {
  Stuck later("/proc/three", nullptr);
  start(one_);
  start(two_);
  one_.began.wait(false);
  two_.began.wait(false);
  check_after(ThreadPool::kHungUs);
  gate_.count_down();
  while (pool_.running() > 0)
    reap();
  check_after(ThreadPool::kHungUs);
  EXPECT_EQ(pool_.next_check_us(), std::numeric_limits<std::int64_t>::max());
  start(later);
  reap();
  EXPECT_TRUE(later.began);
  EXPECT_FALSE(later.refused);
}

}  // namespace
}  // namespace aws
