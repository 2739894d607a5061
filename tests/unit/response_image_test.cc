#include "serve/response_image.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string>

#include "os/sys.h"
#include "temp_folder.h"

namespace aws {
namespace {

// Sends at most `room` bytes altogether until it is given more; then would block, or fails.
class NarrowSys final : public Sys {
 public:
  ssize_t sendfile(int socket, int file, off_t offset, std::size_t length) noexcept override {
    if (room == 0) return error;
    const ssize_t sent = Sys::sendfile(socket, file, offset, std::min(length, room));
    if (sent > 0) room -= static_cast<std::size_t>(sent);
    return sent;
  }
  std::size_t room = static_cast<std::size_t>(-1);
  ssize_t error = -EAGAIN;
};

class ResponseImageTest : public testing::Test {
 protected:
  ResponseImageTest() {
    folder_.write("x", "the body");
    file_ = UniqueFd(::open((folder_.path() / "x").c_str(), O_RDONLY | O_CLOEXEC));
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    socket_ = UniqueFd(ends[0]);
    peer_ = UniqueFd(ends[1]);
  }
  std::string received() {
    std::array<char, 100> bytes{};
    const ssize_t size = ::recv(peer_.get(), bytes.data(), bytes.size(), 0);
    return {bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
  }

  NarrowSys sys_;
  TempFolder folder_;
  UniqueFd file_;
  UniqueFd socket_;
  UniqueFd peer_;
};

TEST_F(ResponseImageTest, HoldsHeadAndBody) {
  const auto image = make_image(sys_, "head:", file_.get(), 8, 7);
  ASSERT_NE(image, nullptr);
  EXPECT_EQ(image->second, 7);
  EXPECT_EQ(image->size(), 13U);
  ImageBody body(sys_, *image);
  EXPECT_EQ(body.pump(socket_.get()), Pump::Done);
  EXPECT_EQ(received(), "head:the body");
  EXPECT_EQ(body.sent(), 8U) << "the body alone";
}

TEST_F(ResponseImageTest, GoesOnWhereTheSocketStopped) {
  const auto image = make_image(sys_, "head:", file_.get(), 8, 0);
  ImageBody body(sys_, *image);
  std::string all;
  std::uint64_t sent = 0;
  for (int i = 0; i < 12; ++i) {
    sys_.room = 1;
    EXPECT_EQ(body.pump(socket_.get()), Pump::AwaitSocket);
    all += received();
    sent = body.sent();
    EXPECT_EQ(sent, i < 5 ? 0U : static_cast<std::uint64_t>(i) - 4);
  }
  sys_.room = 1;
  EXPECT_EQ(body.pump(socket_.get()), Pump::Done);
  EXPECT_EQ(all + received(), "head:the body");
}

TEST_F(ResponseImageTest, OutlivesItsKeeperWhileItIsSent) {
  auto image = make_image(sys_, "head:", file_.get(), 8, 0);
  ImageBody body(sys_, *image);
  image.reset();
  EXPECT_EQ(body.pump(socket_.get()), Pump::Done);
  EXPECT_EQ(received(), "head:the body");
}

TEST_F(ResponseImageTest, IsNotMadeOfAFileThatShrank) {
  EXPECT_EQ(make_image(sys_, "head:", file_.get(), 9, 0), nullptr);
}

TEST_F(ResponseImageTest, TellsWhoseFaultItIs) {
  const auto image = make_image(sys_, "head:", file_.get(), 8, 0);
  sys_.room = 0;
  sys_.error = -EPIPE;
  ImageBody gone(sys_, *image);
  EXPECT_EQ(gone.pump(socket_.get()), Pump::Failed);
  EXPECT_EQ(gone.failure(), Failure::PeerClosed);
  sys_.error = 0;
  ImageBody empty(sys_, *image);
  EXPECT_EQ(empty.pump(socket_.get()), Pump::Failed);
  EXPECT_EQ(empty.failure(), Failure::ReadError);
}

}  // namespace
}  // namespace aws
