// Lines that a file has no room for. RLIMIT_FSIZE stands for a full disk: write(2) first writes a
// part.
#include "server/line_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "temp_folder.h"

namespace aws {
namespace {

constexpr rlim_t kRoom = 10;

class LineFileTest : public testing::Test {
 protected:
  LineFileTest() {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
  }
  ~LineFileTest() override {
    make_room();
    ::signal(SIGXFSZ, SIG_DFL);
  }

  void limit() const {
    const rlimit small{kRoom, before_.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  }
  void make_room() const { ::setrlimit(RLIMIT_FSIZE, &before_); }

  [[nodiscard]] UniqueFd open_log() const {
    return UniqueFd(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  }
  [[nodiscard]] std::string content() const {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TempFolder folder_;
  const std::string path_ = (folder_.path() / "log").string();
  rlimit before_{};
};

TEST_F(LineFileTest, LosesAWholeLineAndGoesOnWhenThereIsRoom) {
  LineFile file(open_log());
  limit();
  EXPECT_EQ(file.append("first\n"), 0);
  EXPECT_EQ(file.append("second\n"), EFBIG);
  EXPECT_EQ(content(), "first\n") << "nothing of the second line stays";
  EXPECT_EQ(file.append("3\n"), 0) << "there is room for a short one";
  make_room();
  EXPECT_EQ(file.append("fourth\n"), 0);
  EXPECT_EQ(content(), "first\n3\nfourth\n");
  EXPECT_FALSE(file.has_torn_line());
}

// A pipe cannot be cut: this one has room for a part of the line alone, and then no reader.
TEST_F(LineFileTest, KnowsOfALineThatStaysTorn) {
  ::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  UniqueFd reader(ends[0]);
  LineFile file{UniqueFd(ends[1])};
  const int size = ::fcntl(ends[1], F_GETPIPE_SZ);
  std::thread leaver([&] {  // once the pipe is full
    int waiting = 0;
    while (waiting < size)
      ASSERT_EQ(::ioctl(reader.get(), FIONREAD, &waiting), 0);
    reader.reset();
  });
  EXPECT_EQ(file.append(std::string(static_cast<std::size_t>(size) + 1000, 'x') + "\n"), 0);
  leaver.join();
  EXPECT_TRUE(file.has_torn_line());
  EXPECT_EQ(file.append("next\n"), EPIPE);
  EXPECT_TRUE(file.has_torn_line());
}

}  // namespace
}  // namespace aws
