// Event loops with a DiskIo, and without one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <iterator>
#include <latch>
#include <memory>
#include <system_error>

#include "event_loop_fixture.h"
#include "loop/event_loop.h"
#include "os/thread_pool.h"
#include "temp_folder.h"

namespace aws {
namespace {

using testing::ElementsAre;

// The threads of this process.
std::ptrdiff_t threads() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
}

// Waits for the latch.
class GatedTask final : public Task {
 public:
  explicit GatedTask(std::latch& gate) : gate_(gate) {}

 private:
  void run(Sys& /*sys*/) noexcept override { gate_.wait(); }
  std::latch& gate_;
};

class DiskLoopTest : public EventLoopTest {
 protected:
  // However the test ends: a thread that waits could never be joined.
  ~DiskLoopTest() override {
    if (!gate_.try_wait()) gate_.count_down();
    if (running_) running_->stop(Stop::AtOnce);
  }

  static LoopOptions with_disk() {
    return {.grace_us = kLong_us,
            .disk = DiskLimits{
                .aio_blocks = 2, .sentinels = 1, .helper_threads = 1, .helper_queue = 2}};
  }

  std::latch gate_{1};
  GatedTask task_{gate_};
  UniqueFd file_;
  std::unique_ptr<AioRead> read_;
};

TEST_F(DiskLoopTest, NotifiesASessionOfATaskAndDoesNotWatchItsSocketMeanwhile) {
  build(with_disk());
  run();
  const TestClient client = add([this](ScriptedSession& self, Event event) {
    events_.push_back(event);
    if (events_.size() == 1) {
      self.loop().disk->threads().start(task_, self);
      return Want::Disk;
    }
    if (event == Event::DiskReady) return Want::Read;
    received_ = self.receive();
    return Want::Close;
  });
  client.send("meanwhile");
  EXPECT_EQ(iterations_between_calls(), 1) << "the loop sleeps, though there is input";
  call([this] { EXPECT_THAT(events_, ElementsAre(Event::SocketReady)); });
  gate_.count_down();
  EXPECT_TRUE(client.sees_end());
  running_->stop();
  EXPECT_THAT(events_, ElementsAre(Event::SocketReady, Event::DiskReady, Event::SocketReady));
  EXPECT_EQ(received_, "meanwhile");
}

// The task uses what belongs to the session.
TEST_F(DiskLoopTest, DestroysAClosedSessionWhenItsTaskHasEndedAndNotBefore) {
  build(with_disk());
  serve([this](Arrival arrival) {
    return scripted(std::move(arrival.socket), [this](ScriptedSession& self, Event event) {
      events_.push_back(event);
      if (event == Event::PeerGone) {
        told_.set_value(event);
        return Want::Close;
      }
      self.loop().disk->threads().start(task_, self);
      done_.set_value();
      return Want::Disk;
    });
  });
  run();
  TestClient client = connect();
  ASSERT_TRUE(comes(done_.get_future()));
  client.reset();
  ASSERT_TRUE(comes(told_.get_future()));
  running_->await_iteration();
  call([this] {
    EXPECT_EQ(running_->shared.connections, 0U) << "it does not count any more";
    EXPECT_EQ(loop().leftovers().sessions, 1U);
    EXPECT_EQ(destroyed_, 0);
    EXPECT_TRUE(task_.under_way());
  });
  running_->begin_stop(Stop::AtOnce);
  gate_.count_down();
  running_->join();  // not before the session is destroyed
  EXPECT_EQ(destroyed_, 1);
  EXPECT_FALSE(task_.under_way());
  EXPECT_EQ(loop().leftovers().sessions, 0U);
  EXPECT_THAT(events_, ElementsAre(Event::SocketReady, Event::PeerGone)) << "no DiskReady";
}

TEST_F(DiskLoopTest, ReadsFiles) {
  const TempFolder folder;
  file_ = open_file(folder.write("file", "content"));
  build(with_disk());
  run();
  const TestClient client = add([this](ScriptedSession& self, Event event) {
    if (event == Event::DiskReady) {
      std::ignore = self.send(read_->bytes());
      sent_ += read_->bytes().size();
    }
    read_.reset();
    if (sent_ == 7) return Want::Close;
    read_ = std::make_unique<AioRead>(self.loop().disk->aio(), self);
    read_->start(file_.get(), static_cast<off_t>(sent_), 4, ReadMode::MayWait);
    read_->notify();
    return Want::Disk;
  });
  EXPECT_EQ(client.receive(7), "content");
  EXPECT_TRUE(client.sees_end());
  running_->stop();
  EXPECT_EQ(loop().leftovers().blocks, 0U);
  EXPECT_EQ(kernel_.rings, 1);
}

TEST_F(EventLoopTest, HasNeitherThreadsNorARingWithoutADiskIo) {
  const std::ptrdiff_t threads_before = threads();
  const std::ptrdiff_t descriptors_before = open_descriptors();
  build();
  EXPECT_EQ(loop().disk, nullptr);
  EXPECT_EQ(kernel_.rings, 0);
  EXPECT_EQ(threads(), threads_before);
  EXPECT_EQ(open_descriptors(), descriptors_before + 3)
      << "epoll, the timer, and the eventfd of wake()";
  serve_echo();
  run();
  const TestClient client = connect();
  client.send("hello");
  EXPECT_EQ(client.receive(5), "hello");
  running_->stop(Stop::AtOnce);
  EXPECT_EQ(loop().leftovers().blocks + loop().leftovers().reads, 0U);
}

TEST(EventLoop, CannotBeBuiltWhenTheKernelRefusesARing) {
  class PoorSys final : public Sys {
   public:
    int aio_setup(int /*depth*/, io_context_t& /*context*/) noexcept override { return -EAGAIN; }
  };
  const std::ptrdiff_t before = open_descriptors();
  const std::ptrdiff_t threads_before = threads();
  PoorSys kernel;
  LoopSharedState shared(LoopOptions{.disk = DiskLimits{}});
  EXPECT_THROW(EventLoop(shared, kernel), std::system_error);
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(threads(), threads_before);
}

}  // namespace
}  // namespace aws
