#include "serve/multipart_body.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "disk.h"
#include "serve/dynamic_body.h"
#include "serve/static_body.h"
#include "temp_folder.h"

namespace aws {
namespace {

constexpr std::size_t kBlock = AioContext::kBlockSize;
using Parts = std::vector<MultipartBody::Part>;

enum class Engine { Sendfile, Aio };

class MultipartBodyTest : public testing::TestWithParam<Engine> {
 protected:
  MultipartBodyTest() : content_(pattern(4 * kBlock)), name_(folder_.write("file", content_)) {}

  MultipartBody body_of(const Parts& parts) {
    std::unique_ptr<FileBody> file;
    if (GetParam() == Engine::Sendfile) {
      file = std::make_unique<StaticBody>(sys_, disk_.io, open_file(name_), completion_);
    } else {
      file = std::make_unique<DynamicBody>(sys_, disk_.io, open_file(name_), completion_);
    }
    return {sys_, std::move(file), parts, "the end"};
  }

  [[nodiscard]] std::string expected(const Parts& parts) const {
    std::string bytes;
    for (const MultipartBody::Part& part : parts)
      bytes += part.head + content_.substr(static_cast<std::size_t>(part.offset), part.length);
    return bytes + "the end";
  }

  FaultySys::Peer& peer() { return sys_.peer(socket_.get()); }

  // Pumps until the end, or until the client takes no more.
  Pump pump_to_end(Body& body) {
    for (;;) {
      const Pump result = body.pump(socket_.get());
      if (result == Pump::AwaitDisk) {
        CompletionList ready;
        while (ready.empty()) {
          aio_.submit(ready);
          aio_.reap(ready);
        }
        ready.clear();
      } else if (result != Pump::AwaitSocket || peer().room == 0) {
        return result;
      }
    }
  }

  TestCompletion completion_;
  Disk disk_{4};
  FaultySys& sys_ = disk_.sys;
  AioContext& aio_ = disk_.aio;
  TempFolder folder_;
  std::string content_;
  std::string name_;
  UniqueFd socket_ = sys_.connect();
  const Parts three_ = {{"first: ", 10, 3000}, {"second: ", 5, 1}, {"third: ", 700'000, 300'000}};
};

INSTANTIATE_TEST_SUITE_P(Engines, MultipartBodyTest, testing::Values(Engine::Sendfile, Engine::Aio),
                         [](const auto& row) {
                           return row.param == Engine::Sendfile ? "Sendfile" : "Aio";
                         });

TEST_P(MultipartBodyTest, SendsPartsAndHeadsInTurn) {
  const Parts rows[] = {{{"only: ", 0, 1}},
                        {{"a", 0, 100}, {"b", 50, 100}},
                        {{"later first: ", 500'000, 10}, {"then earlier: ", 0, 10}},
                        three_,
                        {{"the whole: ", 0, 4 * kBlock}, {"again: ", 0, 4 * kBlock}}};
  for (const Parts& parts : rows) {
    SCOPED_TRACE(parts.front().head);
    peer().output.clear();
    MultipartBody body = body_of(parts);
    EXPECT_EQ(pump_to_end(body), Pump::Done);
    EXPECT_TRUE(peer().output == expected(parts));
    EXPECT_EQ(body.sent(), expected(parts).size());
    EXPECT_FALSE(peer().held_back) << "nothing follows";
    EXPECT_EQ(aio_.blocks_in_use(), 0U);
  }
}

TEST_P(MultipartBodyTest, SendsOnFromWhereATransferWasCut) {
  const Parts parts = {{"head: ", 1, 200}, {"another: ", kBlock - 20, 40}, {"third: ", 0, 9}};
  sys_.blocks_every_other_time = true;
  for (const std::size_t cut : {1U, 2U, 7U, 4096U}) {
    SCOPED_TRACE(cut);
    peer().output.clear();
    sys_.transfer_limit = cut;
    MultipartBody body = body_of(parts);
    EXPECT_EQ(pump_to_end(body), Pump::Done);
    EXPECT_TRUE(peer().output == expected(parts));
  }
}

TEST_P(MultipartBodyTest, GoesOnWhereverTheClientStoppedTaking) {
  const Parts parts = {{"head: ", 1, 20}, {"another: ", 3, 4}};
  const std::string whole = expected(parts);
  for (std::size_t taken = 0; taken < whole.size(); ++taken) {
    SCOPED_TRACE(taken);
    peer().output.clear();
    peer().room = taken;
    MultipartBody body = body_of(parts);
    EXPECT_EQ(pump_to_end(body), Pump::AwaitSocket);
    EXPECT_EQ(body.sent(), taken);
    EXPECT_EQ(peer().output, whole.substr(0, taken));
    peer().room = FaultySys::kNoLimit;
    EXPECT_EQ(pump_to_end(body), Pump::Done);
    EXPECT_EQ(peer().output, whole);
  }
}

TEST_P(MultipartBodyTest, SendsABoundedAmountATurn) {
  Parts parts;
  for (int i = 0; i < 64; ++i)
    parts.push_back({"head", 0, 100'000});
  MultipartBody body = body_of(parts);
  std::uint64_t before = 0;
  for (Pump result = Pump::AwaitSocket; result != Pump::Done;) {
    result = body.pump(socket_.get());
    ASSERT_NE(result, Pump::Failed);
    EXPECT_LE(body.sent() - before, 2 * kBlock + 100);
    before = body.sent();
    CompletionList ready;
    aio_.submit(ready);
    aio_.reap(ready);
    ready.clear();
  }
  EXPECT_EQ(before, expected(parts).size());
}

TEST_P(MultipartBodyTest, HoldsBackAPacketThatMoreFollows) {
  MultipartBody body = body_of({{"head", 0, 10}, {"head", 0, 10}});
  peer().room = 4;  // the first head
  EXPECT_EQ(pump_to_end(body), Pump::AwaitSocket);
  EXPECT_TRUE(peer().held_back);
}

TEST_P(MultipartBodyTest, FailsWhereTheFileShrank) {
  MultipartBody body = body_of(three_);
  ASSERT_EQ(::truncate(name_.c_str(), 800'000), 0);
  EXPECT_EQ(pump_to_end(body), Pump::Failed);
  EXPECT_EQ(body.failure(), Failure::FileShrank);
  const std::size_t told = expected(three_).size() - 200'000 - std::string("the end").size();
  EXPECT_TRUE(peer().output == expected(three_).substr(0, told)) << "nothing is made up";
}

TEST_P(MultipartBodyTest, FailsWhereverThePeerIsGone) {
  const Parts parts = {{"head: ", 1, 200}, {"another: ", 3, 40}};
  const std::string whole = expected(parts);
  for (const std::size_t gone_after : {0U, 3U, 6U, 100U, 206U, 210U, 215U, 255U, 258U}) {
    SCOPED_TRACE(gone_after);
    peer().output.clear();
    peer().room = gone_after;
    MultipartBody body = body_of(parts);
    EXPECT_EQ(pump_to_end(body), Pump::AwaitSocket);
    peer().room = FaultySys::kNoLimit;
    const bool in_file =
        (gone_after >= 6 && gone_after < 206) || (gone_after >= 215 && gone_after < 255);
    sys_.fail_call(1, EPIPE,
                   in_file && GetParam() == Engine::Sendfile ? FaultySys::Call::Sendfile
                                                             : FaultySys::Call::Send);
    EXPECT_EQ(pump_to_end(body), Pump::Failed);
    EXPECT_EQ(body.failure(), Failure::PeerClosed);
    EXPECT_EQ(peer().output, whole.substr(0, gone_after));
    EXPECT_EQ(body.sent(), gone_after);
  }
  EXPECT_EQ(aio_.blocks_in_use(), 0U);
}

TEST_P(MultipartBodyTest, LeavesNothingBehindWhereverItIsCutShort) {
  const std::ptrdiff_t before = open_descriptors();
  for (const std::size_t taken : {0U, 3U, 100U, 3100U, 100'000U, 290'000U}) {
    peer().room = taken;
    MultipartBody body = body_of(three_);
    EXPECT_EQ(pump_to_end(body), Pump::AwaitSocket);
  }
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(aio_.blocks_in_use(), 0U);
}

}  // namespace
}  // namespace aws
