#include "serve/static_body.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>

#include "disk.h"
#include "temp_folder.h"

namespace aws {
namespace {

class StaticBodyTest : public testing::Test {
 protected:
  // A body of all `content`, which stands in the file at `offset`.
  StaticBody& body_of(const std::string& content, std::size_t offset = 0) {
    name_ = folder_.write("file", std::string(offset, '-') + content + "behind");
    body_.emplace(sys_, disk_.cache, open_file(name_), this)
        .aim(static_cast<off_t>(offset), content.size(), false);
    return *body_;
  }

  FaultySys::Peer& peer() { return sys_.peer(socket_.get()); }

  // Pumps until the end; the socket always becomes writable again.
  Pump pump_to_end(Body& body) {
    for (;;) {
      const Pump result = body.pump(socket_.get());
      if (result != Pump::AwaitSocket) return result;
    }
  }

  TempFolder folder_;
  std::string name_;
  Disk disk_;
  FaultySys& sys_ = disk_.sys;
  UniqueFd socket_ = sys_.connect();
  std::optional<StaticBody> body_;
};

TEST_F(StaticBodyTest, SendsExactlyWhatWasPromised) {
  for (const std::size_t size : {1U, 2U, 4096U, 524'287U, 524'288U, 524'289U, 1'500'000U}) {
    for (const std::size_t offset : {0U, 777U}) {
      const std::string content = pattern(size);
      peer().output.clear();
      StaticBody& body = body_of(content, offset);
      EXPECT_EQ(pump_to_end(body), Pump::Done);
      EXPECT_TRUE(peer().output == content) << size;
      EXPECT_EQ(body.sent(), size);
      EXPECT_EQ(body.failure(), Failure::None);
    }
  }
}

TEST_F(StaticBodyTest, SendsOnFromWhereATransferWasCut) {
  for (const std::size_t cut : {1U, 7U, 4096U}) {
    const std::string content = pattern(cut == 1 ? 5'000 : 700'000);
    peer().output.clear();
    sys_.transfer_limit = cut;
    sys_.blocks_every_other_time = true;
    StaticBody& body = body_of(content);
    EXPECT_EQ(pump_to_end(body), Pump::Done);
    EXPECT_TRUE(peer().output == content) << cut;
  }
}

TEST_F(StaticBodyTest, CanBeAimedAtAnotherPart) {
  const std::string content = pattern(900'000);
  StaticBody& body = body_of(content);
  ASSERT_EQ(body.pump(socket_.get()), Pump::AwaitSocket);  // in mid-part
  peer().output.clear();
  for (const std::size_t offset : {899'999U, 0U, 123'456U}) {
    body.aim(static_cast<off_t>(offset), 1, true);
    EXPECT_EQ(pump_to_end(body), Pump::Done);
  }
  EXPECT_EQ(peer().output, std::string({content[899'999], content[0], content[123'456]}));
}

TEST_F(StaticBodyTest, IsDoneAtOnceWithNothing) {
  StaticBody& body = body_of("");
  EXPECT_EQ(body.pump(socket_.get()), Pump::Done);
  EXPECT_TRUE(sys_.calls().empty());
}

// Others must have their turn, however fast this client is.
TEST_F(StaticBodyTest, SendsABoundedAmountATurn) {
  StaticBody& body = body_of(pattern(2'000'000));
  std::uint64_t before = 0;
  int turns = 1;
  for (; body.pump(socket_.get()) == Pump::AwaitSocket; ++turns) {
    EXPECT_LE(body.sent() - before, 512U * 1024U);
    before = body.sent();
  }
  EXPECT_EQ(turns, 4);
  EXPECT_EQ(body.sent(), 2'000'000U);
}

TEST_F(StaticBodyTest, FailsWhereTheFileShrank) {
  sys_.transfer_limit = 1000;
  StaticBody& body = body_of(pattern(600'000));
  ASSERT_EQ(body.pump(socket_.get()), Pump::AwaitSocket);
  ASSERT_EQ(::truncate(name_.c_str(), 550'000), 0);
  EXPECT_EQ(pump_to_end(body), Pump::Failed);
  EXPECT_EQ(body.failure(), Failure::FileShrank);
  EXPECT_EQ(body.sent(), 550'000U) << "nothing is made up";
}

TEST_F(StaticBodyTest, TellsWhyItFailed) {
  const struct {
    int error;
    Failure failure;
  } rows[] = {{EPIPE, Failure::PeerClosed},
              {ECONNRESET, Failure::PeerClosed},
              {EIO, Failure::ReadError},
              {ENOMEM, Failure::ReadError}};
  for (const auto& row : rows) {
    StaticBody& body = body_of(pattern(3000));
    sys_.fail_call(1, row.error, FaultySys::Call::Sendfile);
    EXPECT_EQ(body.pump(socket_.get()), Pump::Failed);
    EXPECT_EQ(body.failure(), row.failure) << row.error;
    EXPECT_EQ(body.sent(), 0U);
  }
}

TEST_F(StaticBodyTest, ClosesItsFile) {
  const std::ptrdiff_t before = open_descriptors();
  body_of("x");
  body_.reset();
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace aws
