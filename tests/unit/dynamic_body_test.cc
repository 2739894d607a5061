#include "serve/dynamic_body.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "disk.h"
#include "temp_folder.h"

namespace aws {
namespace {

constexpr std::size_t kBlock = AioContext::kBlockSize;

// One body, its client, and what the loop knows of both.
struct Stream final : public Completion {
  Stream(Disk& disk, const std::string& file, std::size_t length, off_t offset = 0)
      : socket(disk.sys.connect()),
        peer(disk.sys.peer(socket.get())),
        body(std::make_unique<DynamicBody>(disk.sys, disk.io, open_file(file), *this)) {
    body->aim(offset, length, false);
  }

  [[nodiscard]] bool ended() const { return state == Pump::Done || state == Pump::Failed; }
  void pump() {
    state = body->pump(socket.get());
    if (ended()) body.reset();
  }
  void ready() noexcept override {
    EXPECT_EQ(state, Pump::AwaitDisk);
    pump();
  }

  UniqueFd socket;
  FaultySys::Peer& peer;
  std::unique_ptr<DynamicBody> body;
  Pump state = Pump::AwaitSocket;
};

class DynamicBodyTest : public testing::Test {
 protected:
  explicit DynamicBodyTest(std::size_t blocks = 8) : disk_(blocks) {}

  // One turn of the loop: streams with room are pumped, reads are submitted, streams that await the
  // disk are notified. False if none could do anything.
  bool turn(const std::vector<Stream*>& streams) {
    bool moved = false;
    for (Stream* const stream : streams) {
      if (stream->state != Pump::AwaitSocket || stream->peer.room == 0) continue;
      stream->pump();
      moved = true;
    }
    CompletionList ready;
    disk_.turn(ready);
    moved = moved || !ready.empty();
    notify_all(ready);
    return moved || disk_.wants_turn();
  }

  void run(const std::vector<Stream*>& streams) {
    while (turn(streams)) {
    }
  }

  // Sends `content` to the end and looks at the result.
  void expect_sent_whole(const std::string& content, off_t offset = 0) {
    const std::string file = folder_.write(
        "file", std::string(static_cast<std::size_t>(offset), '-') + content + "behind");
    Stream stream(disk_, file, content.size(), offset);
    run({&stream});
    EXPECT_EQ(stream.state, Pump::Done);
    EXPECT_EQ(stream.peer.output.size(), content.size());
    EXPECT_TRUE(stream.peer.output == content);
    EXPECT_FALSE(stream.peer.held_back) << "the last bytes must not wait for more";
    EXPECT_EQ(aio_.blocks_in_use(), 0U);
    EXPECT_EQ(aio_.reads_in_flight(), 0U);
  }

  TestCompletion completion_;
  Disk disk_;
  FaultySys& sys_ = disk_.sys;
  AioContext& aio_ = disk_.aio;
  TempFolder folder_;
  UniqueFd open_fd_ = open_file(folder_.write("other", "x"));
};

TEST_F(DynamicBodyTest, SendsExactlyWhatWasPromised) {
  for (const std::size_t size :
       {std::size_t{1}, kBlock - 1, kBlock, kBlock + 1, 2 * kBlock, 3 * kBlock, 5 * kBlock + 123}) {
    SCOPED_TRACE(size);
    expect_sent_whole(pattern(size));
    expect_sent_whole(pattern(size), 777);
  }
}

TEST_F(DynamicBodyTest, SendsOnFromWhereATransferWasCut) {
  sys_.blocks_every_other_time = true;
  for (const std::size_t cut : {1U, 7U, 4096U}) {
    SCOPED_TRACE(cut);
    sys_.transfer_limit = cut;
    expect_sent_whole(pattern(cut == 1 ? kBlock + 1 : 3 * kBlock + 1));
  }
}

// A short read says nothing about the end of the file.
TEST_F(DynamicBodyTest, ReadsOnFromWhereAReadWasCut) {
  for (const std::size_t cut : {1U, 7U, 4096U}) {
    SCOPED_TRACE(cut);
    sys_.read_limit = cut;
    expect_sent_whole(pattern(cut == 4096 ? 2 * kBlock + 5 : 1000));
  }
}

// What another file has read ahead must not be sent for this one.
TEST_F(DynamicBodyTest, CanBeAimedAtAnotherPartAtAnyTime) {
  const std::string content = pattern(6 * kBlock);
  const std::string file = folder_.write("file", content);
  for (const std::size_t room : {std::size_t{0}, std::size_t{10}, kBlock, 2 * kBlock}) {
    SCOPED_TRACE(room);
    Stream stream(disk_, file, 4 * kBlock);
    stream.peer.room = room;
    run({&stream});
    ASSERT_EQ(stream.state, Pump::AwaitSocket);
    stream.peer.output.clear();
    stream.peer.room = FaultySys::kNoLimit;
    stream.body->aim(static_cast<off_t>(5 * kBlock - 10), kBlock, false);
    run({&stream});
    EXPECT_EQ(stream.state, Pump::Done);
    EXPECT_TRUE(stream.peer.output == content.substr(5 * kBlock - 10, kBlock));
    EXPECT_EQ(aio_.blocks_in_use(), 0U);
  }
}

TEST_F(DynamicBodyTest, HoldsTheLastPacketBackForWhatFollows) {
  const std::string file = folder_.write("file", pattern(kBlock + 1));
  for (const bool more : {false, true}) {
    Stream stream(disk_, file, 0);
    stream.body->aim(0, kBlock + 1, more);
    run({&stream});
    EXPECT_EQ(stream.peer.output.size(), kBlock + 1);
    EXPECT_EQ(stream.peer.held_back, more);
  }
}

TEST_F(DynamicBodyTest, IsDoneAtOnceWithNothing) {
  Stream stream(disk_, folder_.write("file", pattern(10)), 0);
  stream.pump();
  EXPECT_EQ(stream.state, Pump::Done);
  EXPECT_EQ(stream.peer.output, "");
  EXPECT_TRUE(sys_.calls().empty());
}

TEST_F(DynamicBodyTest, ReadsNoBlockBeforeTheLastWasSent) {
  sys_.holds_reads = true;
  const std::string file = folder_.write("file", pattern(3 * kBlock));
  Stream stream(disk_, file, 3 * kBlock);
  turn({&stream});
  EXPECT_EQ(sys_.reads_held(), 1U);
  stream.peer.room = 0;
  sys_.finish_reads();
  turn({&stream});
  EXPECT_EQ(stream.state, Pump::AwaitSocket);
  EXPECT_EQ(sys_.reads_held(), 0U);
  stream.peer.room = kBlock;
  turn({&stream});
  EXPECT_EQ(sys_.reads_held(), 1U);
  EXPECT_EQ(stream.peer.output.size(), kBlock);
}

TEST_F(DynamicBodyTest, HoldsOneBlockOfWhatIsInMemory) {
  const std::string file = folder_.write("file", pattern(6 * kBlock));
  Stream stream(disk_, file, 6 * kBlock);
  while (!stream.ended()) {
    EXPECT_LE(aio_.blocks_in_use(), 1U);
    ASSERT_TRUE(turn({&stream}));
  }
}

TEST_F(DynamicBodyTest, GivesItsBlocksToOthersWhileItWaitsForItsClient) {
  const std::string file = folder_.write("file", pattern(6 * kBlock));
  for (const std::size_t room : {std::size_t{1}, kBlock, 3 * kBlock, 5 * kBlock}) {
    Stream stream(disk_, file, 6 * kBlock);
    stream.peer.room = room;
    run({&stream});
    ASSERT_EQ(stream.state, Pump::AwaitSocket);
    std::deque<AioRead> others;
    for (int i = 0; i < 8; ++i)
      others.emplace_back(aio_, completion_).start(open_fd_.get(), 0, 1, ReadMode::NoWait);
    turn({});
    for (const AioRead& read : others)
      EXPECT_TRUE(read.done()) << room;
  }
}

// A turn's share may end exactly where the client stops taking.
TEST_F(DynamicBodyTest, GivesItsBlocksToOthersWhenItsShareIsSpent) {
  sys_.lacks_nowait = true;
  sys_.file_system = OVERLAYFS_SUPER_MAGIC;  // helpers read: both blocks are there at once
  const std::string file = folder_.write("file", pattern(6 * kBlock));
  Stream stream(disk_, file, 6 * kBlock);
  stream.peer.room = 2 * kBlock;
  run({&stream});
  ASSERT_EQ(stream.state, Pump::AwaitSocket);
  ASSERT_EQ(sys_.count(FaultySys::Call::Send), 2U) << "it did not need to be told";
  std::deque<AioRead> others;
  for (int i = 0; i < 8; ++i)
    others.emplace_back(aio_, completion_).start(open_fd_.get(), 0, 1, ReadMode::NoWait);
  turn({});
  for (const AioRead& read : others)
    EXPECT_TRUE(read.done());
}

TEST_F(DynamicBodyTest, SendsABoundedAmountATurn) {
  const std::string file = folder_.write("file", pattern(6 * kBlock));
  Stream stream(disk_, file, 6 * kBlock);
  std::size_t before = 0;
  while (turn({&stream})) {
    EXPECT_LE(stream.peer.output.size() - before, 4 * kBlock);  // a pump for each event
    before = stream.peer.output.size();
  }
  EXPECT_EQ(stream.state, Pump::Done);
}

TEST_F(DynamicBodyTest, FailsWhereTheFileShrank) {
  for (const std::size_t left : {std::size_t{0}, std::size_t{100}, kBlock, kBlock + 1}) {
    SCOPED_TRACE(left);
    const std::string file = folder_.write("file", pattern(3 * kBlock));
    Stream stream(disk_, file, 3 * kBlock);
    ASSERT_EQ(::truncate(file.c_str(), static_cast<off_t>(left)), 0);
    run({&stream});
    EXPECT_EQ(stream.state, Pump::Failed);
    EXPECT_TRUE(stream.peer.output == pattern(left)) << "nothing is made up";
    EXPECT_EQ(aio_.reads_in_flight(), 0U);
    EXPECT_EQ(aio_.blocks_in_use(), 0U);
  }
}

TEST_F(DynamicBodyTest, TellsWhyItFailed) {
  const std::string file = folder_.write("file", pattern(3 * kBlock));
  using Call = FaultySys::Call;
  const struct {
    Call call;
    int error;
    Failure failure;
  } rows[] = {{Call::Send, EPIPE, Failure::PeerClosed},
              {Call::Send, ECONNRESET, Failure::PeerClosed},
              {Call::Send, ENOMEM, Failure::ReadError},
              {Call::AioSubmit, EIO, Failure::ReadError}};
  for (const auto& row : rows) {
    DynamicBody body(sys_, disk_.io, open_file(file), completion_);
    body.aim(0, 3 * kBlock, false);
    const UniqueFd socket = sys_.connect();
    sys_.fail_call(1, row.error, row.call);
    CompletionList ready;
    Pump result = body.pump(socket.get());
    while (result == Pump::AwaitDisk || result == Pump::AwaitSocket) {
      aio_.submit(ready);
      aio_.reap(ready);
      ready.clear();
      result = body.pump(socket.get());
    }
    EXPECT_EQ(result, Pump::Failed);
    EXPECT_EQ(body.failure(), row.failure) << row.error;
  }
}

TEST_F(DynamicBodyTest, FailsWhereTheDiskDoesAndSendsOnlyWhatWasRead) {
  for (int n = 1; n <= 3; ++n) {
    const std::string file = folder_.write("file", pattern(3 * kBlock));
    Stream stream(disk_, file, 3 * kBlock);
    sys_.fail_read(n, EIO);
    run({&stream});
    EXPECT_EQ(stream.state, Pump::Failed) << n;
    EXPECT_TRUE(stream.peer.output == pattern(static_cast<std::size_t>(n - 1) * kBlock)) << n;
    EXPECT_EQ(aio_.blocks_in_use(), 0U);
  }
}

TEST_F(DynamicBodyTest, LeavesNothingBehindWhereverItIsCutShort) {
  const std::ptrdiff_t before = open_descriptors();
  const std::string file = folder_.write("file", pattern(4 * kBlock));
  for (int turns = 0; turns < 5; ++turns) {
    for (const bool held : {false, true}) {
      {
        Stream stream(disk_, file, 4 * kBlock);
        sys_.holds_reads = held;
        for (int i = 0; i < turns; ++i)
          turn({&stream});
      }
      sys_.finish_reads();
      CompletionList ready;
      aio_.submit(ready);
      sys_.finish_reads();
      aio_.reap(ready);
      EXPECT_TRUE(ready.empty());
      EXPECT_EQ(aio_.reads_in_flight(), 0U);
      EXPECT_EQ(aio_.blocks_in_use(), 0U);
      EXPECT_EQ(open_descriptors(), before);
    }
  }
}

// ---- Many clients, few blocks

class FewBlocks : public DynamicBodyTest, public testing::WithParamInterface<std::size_t> {
 protected:
  FewBlocks() : DynamicBodyTest(GetParam()) {}
};

INSTANTIATE_TEST_SUITE_P(Blocks, FewBlocks, testing::Values(1, 2, 3, 5, 8),
                         testing::PrintToStringParamName());

// Two blocks of one stream once waited for each other's: a read that was ready kept the block for
// which its own predecessor stood in line, and with enough streams like it nobody ever went on.
TEST_P(FewBlocks, ServeManySlowClientsToTheEnd) {
  const std::string content = pattern(3 * kBlock + 99);
  const std::string file = folder_.write("file", content);
  std::vector<std::unique_ptr<Stream>> streams;
  std::vector<Stream*> all;
  for (int i = 0; i < 10; ++i) {
    streams.push_back(std::make_unique<Stream>(disk_, file, content.size()));
    all.push_back(streams.back().get());
    all.back()->peer.room = 0;
  }
  std::size_t step = 0;
  const auto ended = [&] {
    return std::all_of(all.begin(), all.end(), [](const Stream* s) { return s->ended(); });
  };
  for (int turns = 0; turns < 20'000 && !ended(); ++turns) {
    for (Stream* const stream : all) {  // now this one reads a little, now that one
      if (stream->peer.room == 0 && ++step % 3 != 0) stream->peer.room = 1 + step * 7919 % 90'000;
    }
    turn(all);
  }
  for (const Stream* const stream : all) {
    EXPECT_EQ(stream->state, Pump::Done);
    EXPECT_TRUE(stream->peer.output == content);
  }
  EXPECT_EQ(aio_.blocks_in_use(), 0U);
}

TEST_P(FewBlocks, AreNotKeptByClientsThatNeverRead) {
  const std::string content = pattern(4 * kBlock);
  const std::string file = folder_.write("file", content);
  std::vector<std::unique_ptr<Stream>> lazy;
  std::vector<Stream*> all;
  for (const std::size_t room :
       {std::size_t{0}, std::size_t{1}, kBlock, 2 * kBlock, 3 * kBlock, 3 * kBlock + 1}) {
    for (int i = 0; i < 3; ++i) {
      lazy.push_back(std::make_unique<Stream>(disk_, file, content.size()));
      lazy.back()->peer.room = room;
      all.push_back(lazy.back().get());
    }
  }
  Stream early(disk_, file, content.size());
  all.push_back(&early);
  run(all);
  EXPECT_EQ(early.state, Pump::Done);
  EXPECT_TRUE(early.peer.output == content);
  for (const auto& stream : lazy)
    EXPECT_EQ(stream->peer.room, 0U) << "each took what it wanted";

  Stream late(disk_, file, content.size());
  run({&late});
  EXPECT_EQ(late.state, Pump::Done);
  EXPECT_TRUE(late.peer.output == content);
}

}  // namespace
}  // namespace aws
