#include "os/shared_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <future>
#include <string>
#include <thread>
#include <vector>

#include "temp_folder.h"

namespace aws {
namespace {

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

// Keeps the only helper busy until it is let go.
class Gate final : public Errand {
 public:
  void run(Sys& /*sys*/) noexcept override {
    entered_.set_value();
    opened_.get_future().wait();
  }
  void returned(std::vector<void*>& /*ready*/) override {}
  void wait_for_helper() { entered_.get_future().wait(); }
  void open() { opened_.set_value(); }

 private:
  std::promise<void> entered_;
  std::promise<void> opened_;
};

class SharedFdTest : public testing::Test {
 protected:
  SharedFd open(HelperThreads* closers) {
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

TEST_F(SharedFdTest, OfAFileWithoutANameIsClosedByAHelper) {
  Gate gate;
  int fd = -1;
  {
    HelperThreads helpers(sys_, 1, 1);
    helpers.start(gate, nullptr);
    gate.wait_for_helper();
    SharedFd file = open(&helpers);
    fd = file.get();
    remove();
    file.reset();
    EXPECT_TRUE(is_open(fd)) << "the helper has no time yet";
    gate.open();
    helpers.drain();
  }
  EXPECT_FALSE(is_open(fd)) << "closed before the helpers ended";
}

TEST_F(SharedFdTest, OfAFileWithANameIsClosedAtOnce) {
  HelperThreads helpers(sys_, 1, 1);
  SharedFd file = open(&helpers);
  const int fd = file.get();
  file.reset();
  EXPECT_FALSE(is_open(fd));
}

}  // namespace
}  // namespace aws
