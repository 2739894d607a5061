#include "serve/static_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "disk.h"
#include "temp_folder.h"

namespace aws {
namespace {

using testing::ElementsAre;

class StaticBodyTest : public testing::Test {
 protected:
  // A body of all `content`, which stands in the file at `offset`.
  StaticBody& body_of(const std::string& content, std::size_t offset = 0) {
    name_ = folder_.write("file", std::string(offset, '-') + content + "behind");
    body_.emplace(sys_, disk_.io, open_file(name_), completion_)
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
  TestCompletion completion_;
  Disk disk_;
  FaultySys& sys_ = disk_.sys;
  UniqueFd socket_ = sys_.connect();
  std::optional<StaticBody> body_;
};

TEST_F(StaticBodyTest, SendsExactlyWhatWasPromised) {
  for (const std::size_t size : {1U, 2U, 4096U, 1'048'575U, 1'048'576U, 1'048'577U, 2'500'000U}) {
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
  const std::string content = pattern(1'900'000);
  StaticBody& body = body_of(content);
  ASSERT_EQ(body.pump(socket_.get()), Pump::AwaitSocket);  // in mid-part
  peer().output.clear();
  for (const std::size_t offset : {1'899'999U, 0U, 123'456U}) {
    body.aim(static_cast<off_t>(offset), 1, true);
    EXPECT_EQ(pump_to_end(body), Pump::Done);
  }
  EXPECT_EQ(peer().output, std::string({content[1'899'999], content[0], content[123'456]}));
}

TEST_F(StaticBodyTest, IsDoneAtOnceWithNothing) {
  StaticBody& body = body_of("");
  EXPECT_EQ(body.pump(socket_.get()), Pump::Done);
  EXPECT_TRUE(sys_.calls().empty());
}

// Others must have their turn, however fast this client is.
TEST_F(StaticBodyTest, SendsABoundedAmountATurn) {
  StaticBody& body = body_of(pattern(4'000'000));
  std::uint64_t before = 0;
  int turns = 1;
  for (; body.pump(socket_.get()) == Pump::AwaitSocket; ++turns) {
    EXPECT_LE(body.sent() - before, 1024U * 1024U);
    before = body.sent();
  }
  EXPECT_EQ(turns, 4);
  EXPECT_EQ(body.sent(), 4'000'000U);
}

TEST_F(StaticBodyTest, FailsWhereTheFileShrank) {
  sys_.transfer_limit = 1000;
  StaticBody& body = body_of(pattern(1'100'000));
  ASSERT_EQ(body.pump(socket_.get()), Pump::AwaitSocket);
  ASSERT_EQ(::truncate(name_.c_str(), 1'060'000), 0);
  EXPECT_EQ(pump_to_end(body), Pump::Failed);
  EXPECT_EQ(body.failure(), Failure::FileShrank);
  EXPECT_EQ(body.sent(), 1'060'000U) << "nothing is made up";
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

// ---- Not in memory

class ColdStaticBodyTest : public StaticBodyTest {
 protected:
  ColdStaticBodyTest() { sys_.pages.cold = true; }
  ~ColdStaticBodyTest() override { EXPECT_EQ(sys_.sleeps(), 0) << "sendfile had to wait"; }

  // Pumps to the end, and lets the disk have its turn where the body waits for that.
  Pump pump_with_disk(Body& body) {
    for (;;) {
      const Pump result = body.pump(socket_.get());
      if (result != Pump::AwaitSocket && result != Pump::AwaitDisk) return result;
      if (result == Pump::AwaitSocket) continue;
      EXPECT_THAT(disk_.turn(), ElementsAre(&completion_));
    }
  }
};

TEST_F(ColdStaticBodyTest, WaitsInsteadOfSending) {
  sys_.holds_reads = true;
  StaticBody& body = body_of(pattern(1'100'000));
  EXPECT_EQ(body.pump(socket_.get()), Pump::AwaitDisk);
  EXPECT_EQ(body.pump(socket_.get()), Pump::AwaitDisk) << "woken for nothing";
  EXPECT_EQ(sys_.count(FaultySys::Call::Sendfile), 0U);
  EXPECT_EQ(body.sent(), 0U);
  sys_.holds_reads = false;
  sys_.finish_reads();
  EXPECT_EQ(pump_with_disk(body), Pump::Done);
  EXPECT_TRUE(peer().output == pattern(1'100'000));
}

TEST_F(ColdStaticBodyTest, SendsLessATurnOfWhatComesFromTheDisk) {
  StaticBody& body = body_of(pattern(4'000'000));
  std::uint64_t before = 0;
  for (Pump result = Pump::AwaitDisk; result != Pump::Done; before = body.sent()) {
    disk_.turn();
    result = body.pump(socket_.get());
    ASSERT_NE(result, Pump::Failed);
    ASSERT_LE(body.sent() - before, 512U * 1024U);
  }
  EXPECT_EQ(body.sent(), 4'000'000U);
}

TEST_F(ColdStaticBodyTest, SendsWhatIsThereBeforeItWaitsForTheRest) {
  StaticBody& body = body_of(pattern(1'100'000));
  const UniqueFd file = open_file(name_);
  sys_.pages.take_in(file.get(), 0, 256 * 1024);
  EXPECT_EQ(body.pump(socket_.get()), Pump::AwaitDisk);
  EXPECT_EQ(body.sent(), 256U * 1024U);
  EXPECT_EQ(pump_with_disk(body), Pump::Done);
  EXPECT_TRUE(peer().output == pattern(1'100'000));
}

TEST_F(ColdStaticBodyTest, SendsExactlyWhatWasPromisedHoweverItComesIn) {
  const struct {
    const char* name;
    void (*spoil)(FaultySys&);
  } disks[] = {
      {"announced", [](FaultySys&) {}},
      {"never comes", [](FaultySys& sys) { sys.pages.loses_readahead = true; }},
      {"dirty", [](FaultySys& sys) { sys.direct_error = EAGAIN; }},
      {"no O_DIRECT", [](FaultySys& sys) { sys.lacks_direct = true; }},
      {"silent", [](FaultySys& sys) { sys.lacks_nowait = true; }},
  };
  for (const auto& disk : disks) {
    disk.spoil(sys_);
    for (const std::size_t size : {1U, 4096U, 262'144U, 262'145U, 1'500'000U}) {
      for (const std::size_t cut : {FaultySys::kNoLimit, std::size_t{70'001}}) {
        SCOPED_TRACE(std::string(disk.name) + ", " + std::to_string(size));
        sys_.transfer_limit = cut;
        sys_.pages.evict();
        peer().output.clear();
        StaticBody& body = body_of(pattern(size), 777);
        EXPECT_EQ(pump_with_disk(body), Pump::Done);
        EXPECT_TRUE(peer().output == pattern(size));
      }
    }
  }
}

// A slow client's pages may well be gone when it comes back.
TEST_F(ColdStaticBodyTest, LooksAgainEachTurn) {
  StaticBody& body = body_of(pattern(250'000));
  peer().room = 1000;
  while (body.pump(socket_.get()) != Pump::AwaitSocket)
    disk_.turn();
  EXPECT_EQ(body.sent(), 1000U);
  sys_.pages.evict();
  peer().room = FaultySys::kNoLimit;
  EXPECT_EQ(body.pump(socket_.get()), Pump::AwaitDisk);
  EXPECT_EQ(body.sent(), 1000U);
  EXPECT_EQ(pump_with_disk(body), Pump::Done);
  EXPECT_TRUE(peer().output == pattern(250'000));
}

TEST_F(ColdStaticBodyTest, FailsWhereTheFileShrankWhileItWaited) {
  StaticBody& body = body_of(pattern(1'100'000));
  ASSERT_EQ(body.pump(socket_.get()), Pump::AwaitDisk);
  ASSERT_EQ(::truncate(name_.c_str(), 300'000), 0);
  EXPECT_EQ(pump_with_disk(body), Pump::Failed);
  EXPECT_EQ(body.failure(), Failure::FileShrank);
  EXPECT_TRUE(peer().output == pattern(300'000)) << "nothing is made up";
}

// The open file goes on to be the old one, and so do its pages.
TEST_F(ColdStaticBodyTest, SendsTheFileThatWasOpenedThoughAnotherTookItsName) {
  StaticBody& body = body_of(pattern(1'100'000));
  ASSERT_EQ(body.pump(socket_.get()), Pump::AwaitDisk);
  ASSERT_EQ(::rename(folder_.write("other", std::string(700'000, 'x')).c_str(), name_.c_str()), 0);
  EXPECT_EQ(pump_with_disk(body), Pump::Done);
  EXPECT_TRUE(peer().output == pattern(1'100'000));
}

TEST_F(ColdStaticBodyTest, FailsWhereTheDiskDoes) {
  sys_.lacks_direct = true;
  StaticBody& body = body_of(pattern(1'100'000));
  sys_.fail_read(1, EIO);
  EXPECT_EQ(pump_with_disk(body), Pump::Failed);
  EXPECT_EQ(body.failure(), Failure::ReadError);
  EXPECT_EQ(body.sent(), 0U);
}

}  // namespace
}  // namespace aws
