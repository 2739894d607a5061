#include "os/shared_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <future>
#include <string>
#include <thread>

#include "temp_folder.h"
#include "test_completion.h"

namespace aws {
namespace {

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

// Keeps the only thread busy until the gate is opened.
class Gate final : public Task {
 public:
  void run(Sys& /*sys*/) noexcept override {
    entered_.set_value();
    opened_.get_future().wait();
  }
  void wait_for_thread() { entered_.get_future().wait(); }
  void open() { opened_.set_value(); }

 private:
  std::promise<void> entered_;
  std::promise<void> opened_;
};

class SharedFdTest : public testing::Test {
 protected:
  SharedFd open(ThreadPool* closers) {
    const std::string name = folder_.write("x", "content");
    return {UniqueFd(::open(name.c_str(), O_RDONLY | O_CLOEXEC)), closers};
  }
  void remove() { ::unlink((folder_.path() / "x").c_str()); }

  TempFolder folder_;
  Sys sys_;
};

TEST_F(SharedFdTest, IsClosedByItsLastOwner) {
  SharedFd first = open(nullptr);
  const int fd = first.get();
  SharedFd second = first;
  SharedFd third = std::move(first);
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move)
  second.reset();
  EXPECT_TRUE(is_open(fd));
  third = SharedFd();
  EXPECT_FALSE(is_open(fd));
}

TEST_F(SharedFdTest, HoldsNothingOfNothing) {
  EXPECT_FALSE(SharedFd(UniqueFd()));
  EXPECT_EQ(SharedFd().get(), -1);
}

TEST_F(SharedFdTest, OfAFileWithoutANameIsClosedByAThread) {
  TestCompletion completion;
  Gate gate;
  int fd = -1;
  {
    ThreadPool threads(sys_, 1, 1);
    threads.start(gate, completion);
    gate.wait_for_thread();
    SharedFd file = open(&threads);
    fd = file.get();
    remove();
    file.reset();
    EXPECT_TRUE(is_open(fd)) << "the thread is busy";
    gate.open();
    threads.drain();
  }
  EXPECT_FALSE(is_open(fd)) << "closed before the thread ended";
}

TEST_F(SharedFdTest, OfAFileWithANameIsClosedAtOnce) {
  ThreadPool threads(sys_, 1, 1);
  SharedFd file = open(&threads);
  const int fd = file.get();
  file.reset();
  EXPECT_FALSE(is_open(fd));
}

}  // namespace
}  // namespace aws
