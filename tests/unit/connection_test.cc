// The table of states in connection.h, row by row, and what a client sees of it.
#include "server/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "answer.h"
#include "connection_driver.h"
#include "test_site.h"

namespace aws {
namespace {

using testing::ElementsAre;

std::string get(const std::string& target, const std::string& fields = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

class ConnectionTest : public testing::Test {
 protected:
  // All answers in `output`, which must hold nothing else.
  std::vector<Answer> answers(std::string_view output) {
    std::vector<Answer> all;
    while (auto answer = take_answer(output))
      all.push_back(*answer);
    EXPECT_EQ(output, "");
    return all;
  }
  std::vector<int> statuses(std::string_view output) {
    std::vector<int> all;
    for (const Answer& answer : answers(output))
      all.push_back(answer.status);
    return all;
  }

  const TestSite& site_ = TestSite::shared();
  FakeLoop loop_{TestSite::resources()};
  FakeClient client_{loop_};
};

// ---- ReadingRequest

TEST_F(ConnectionTest, StaysReadingWhileARequestIsIncomplete) {
  EXPECT_EQ(client_.connection().patience(), Patience::Greeting);
  client_.says("GET /static/a.txt HTTP/1.1\r\n");
  EXPECT_EQ(client_.hand(Event::SocketReady), Want::Read);
  EXPECT_EQ(client_.state(), State::ReadingRequest);
  EXPECT_EQ(client_.connection().patience(), Patience::Request);
  EXPECT_EQ(client_.hand(Event::SocketReady), Want::Read) << "woken for nothing";
  client_.says("Host: a\r\n\r\n").play();
  EXPECT_THAT(statuses(client_.output()), ElementsAre(200));
}

TEST_F(ConnectionTest, AnswersAtOnceWhatIsComplete) {
  client_.says(get("/static/a.txt"));
  EXPECT_EQ(client_.hand(Event::SocketReady), Want::Read);
  EXPECT_EQ(client_.state(), State::ReadingRequest);
  EXPECT_EQ(client_.connection().patience(), Patience::Idle);
  const auto all = answers(client_.output());
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].body, "static a");
  EXPECT_EQ(all[0]["date"], "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_FALSE(all[0].has("connection"));
}

TEST_F(ConnectionTest, NeedsOneReceiveAndTwoSendsForASmallFile) {
  client_.says(get("/static/a.txt"));
  client_.hand(Event::SocketReady);
  using Call = FaultySys::Call;
  EXPECT_THAT(loop_.sys.calls(), ElementsAre(Call::Recv, Call::OpenBeneath, Call::Fstat, Call::Send,
                                             Call::Probe, Call::Sendfile));
  EXPECT_EQ(loop_.sys.sleeps(), 0);
}

TEST_F(ConnectionTest, RefusesWhatIsMalformedAndThenDrains) {
  client_.says("GET / HTTP/1.1\nHost: a\r\n\r\n" + get("/static/a.txt"));
  EXPECT_EQ(client_.hand(Event::SocketReady), Want::Read);
  EXPECT_EQ(client_.state(), State::Draining);
  EXPECT_TRUE(client_.peer().output_ended);
  const auto all = answers(client_.output());
  ASSERT_EQ(all.size(), 1U) << "what follows is not trusted";
  EXPECT_EQ(all[0].status, 400);
  EXPECT_EQ(all[0]["connection"], "close");
}

TEST_F(ConnectionTest, ClosesSilentlyWhenTheInputEndsBetweenRequests) {
  client_.ends().play();
  EXPECT_TRUE(client_.closed());
  EXPECT_EQ(client_.output(), "");
  FakeClient other(loop_);
  other.says(get("/static/a.txt")).says("\r\n").ends().play();
  EXPECT_TRUE(other.closed());
  EXPECT_THAT(statuses(other.output()), ElementsAre(200));
}

TEST_F(ConnectionTest, Answers400WhenTheInputEndsInARequest) {
  client_.says(get("/static/a.txt") + "GET /stat").ends().play();
  EXPECT_TRUE(client_.closed());
  EXPECT_THAT(statuses(client_.output()), ElementsAre(200, 400));
  FakeClient in_body(loop_);
  in_body.says("POST /static/a.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
      .ends()
      .play();
  EXPECT_TRUE(in_body.closed());
  EXPECT_THAT(statuses(in_body.output()), ElementsAre(400));
}

TEST_F(ConnectionTest, AnswersAClientThatHasEndedItsSideAlready) {
  client_.says(get("/dynamic/three.bin")).ends().play();
  EXPECT_TRUE(client_.closed());
  const auto all = answers(client_.output());
  ASSERT_EQ(all.size(), 1U);
  EXPECT_TRUE(all[0].body == site_.three_blocks);
}

TEST_F(ConnectionTest, TimesOutSilentlyBeforeAndBetweenRequests) {
  EXPECT_EQ(client_.hand(Event::Timeout), Want::Close);
  EXPECT_EQ(client_.output(), "");
  FakeClient idle(loop_);
  idle.says(get("/static/a.txt")).play();
  EXPECT_EQ(idle.hand(Event::Timeout), Want::Close);
  EXPECT_THAT(statuses(idle.output()), ElementsAre(200));
  EXPECT_EQ(loop_.context.counters.time_outs, 2U);
}

TEST_F(ConnectionTest, Answers408ToARequestThatComesTooSlowly) {
  for (const char* const begun : {"G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: ",
                                  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx"}) {
    FakeClient slow(loop_);
    slow.says(begun).play();
    EXPECT_EQ(slow.hand(Event::Timeout), Want::Read);
    EXPECT_EQ(slow.state(), State::Draining);
    EXPECT_THAT(statuses(slow.output()), ElementsAre(408)) << begun;
  }
}

// ---- SendingHead, SendingBody

TEST_F(ConnectionTest, SendsTheHeadAsTheClientTakesIt) {
  client_.says(get("/static/a.txt")).peer().room = 0;
  EXPECT_EQ(client_.hand(Event::SocketReady), Want::Write);
  EXPECT_EQ(client_.state(), State::SendingHead);
  EXPECT_EQ(client_.connection().patience(), Patience::Answer);
  for (std::size_t size = 1; client_.state() == State::SendingHead; ++size) {
    client_.peer().room = 1;
    EXPECT_EQ(client_.hand(Event::SocketReady), Want::Write);
    EXPECT_EQ(client_.output().size(), size);
  }
  EXPECT_EQ(client_.state(), State::SendingBody);
  EXPECT_TRUE(client_.peer().held_back) << "the body shares the head's packet";
  client_.peer().room = FaultySys::kNoLimit;
  EXPECT_EQ(client_.hand(Event::SocketReady), Want::Read);
  EXPECT_THAT(statuses(client_.output()), ElementsAre(200));
  EXPECT_FALSE(client_.peer().held_back);
}

TEST_F(ConnectionTest, HoldsNothingBackWithoutABody) {
  client_.says("HEAD /static/a.txt HTTP/1.1\r\nHost: a\r\n\r\n").play();
  EXPECT_FALSE(client_.output().empty());
  EXPECT_FALSE(client_.peer().held_back);
}

TEST_F(ConnectionTest, SendsABigBodyATurnAtATime) {
  client_.says(get("/static/big.bin"));
  EXPECT_EQ(client_.hand(Event::SocketReady), Want::Write);
  EXPECT_EQ(client_.state(), State::SendingBody);
  client_.play();
  const auto all = answers(client_.output());
  ASSERT_EQ(all.size(), 1U);
  EXPECT_TRUE(all[0].body == site_.big);
}

TEST_F(ConnectionTest, IsPatientAsLongAsTheClientTakesSomething) {
  client_.says(get("/static/big.bin")).peer().room = 1000;
  client_.play();
  const std::int64_t since = client_.connection().waiting_since_us();
  loop_.advance_clock(5);
  client_.hand(Event::SocketReady);
  EXPECT_EQ(client_.connection().waiting_since_us(), since) << "nothing was taken";
  client_.peer().room = 1;
  client_.hand(Event::SocketReady);
  EXPECT_EQ(client_.connection().waiting_since_us(), since + 5);
  EXPECT_EQ(client_.connection().patience(), Patience::Answer);
}

// A socket becomes writable only when a good part of its buffer is free: a slow client may have
// taken bytes all the time without our noticing.
TEST_F(ConnectionTest, GivesAClientMoreTimeThatTookWhatTheKernelHeld) {
  for (const std::size_t room : {100U, 1000U}) {  // in the head, in the body
    FakeClient slow(loop_);
    slow.says(get("/static/big.bin")).peer().room = room;
    slow.peer().unread = 500;
    slow.play();
    for (const int unread : {499, 1, 0}) {
      loop_.advance_clock(60);
      slow.peer().unread = unread;
      EXPECT_EQ(slow.hand(Event::Timeout), Want::Write);
      EXPECT_EQ(slow.connection().waiting_since_us(), loop_.context.now.monotonic_us);
    }
    EXPECT_EQ(slow.hand(Event::Timeout), Want::Close) << "it took nothing since";
  }
  EXPECT_EQ(loop_.context.counters.time_outs, 2U);
}

TEST_F(ConnectionTest, ClosesInEveryStateWhenThePeerIsGoneOrPatienceEnds) {
  for (const Event event : {Event::PeerGone, Event::Timeout}) {
    const struct {
      std::string target;
      std::size_t room;
      State state;
    } rows[] = {{"/static/a.txt", 0, State::SendingHead},
                {"/static/big.bin", 1000, State::SendingBody},
                {"/dynamic/three.bin", 1000, State::SendingBody},
                {"/missing", 100, State::SendingHead}};
    for (const auto& row : rows) {
      FakeClient client(loop_);
      client.says(get(row.target)).peer().room = row.room;
      client.play();
      ASSERT_EQ(client.state(), row.state) << row.target;
      EXPECT_EQ(client.hand(event), Want::Close);
      EXPECT_EQ(client.state(), State::Closed);
      EXPECT_EQ(client.connection().socket(), -1);
    }
  }
  EXPECT_EQ(client_.hand(Event::PeerGone), Want::Close);
}

// ---- AwaitingDisk

TEST_F(ConnectionTest, AwaitsTheDiskForADynamicFile) {
  loop_.sys.holds_reads = true;
  client_.says(get("/dynamic/three.bin"));
  EXPECT_EQ(client_.hand(Event::SocketReady), Want::Disk);
  EXPECT_EQ(client_.state(), State::AwaitingDisk);
  EXPECT_EQ(client_.connection().patience(), Patience::Disk);
  client_.play();
  EXPECT_EQ(client_.state(), State::AwaitingDisk) << "the reads are held";
  loop_.sys.holds_reads = false;
  loop_.sys.finish_reads();
  client_.play();
  EXPECT_EQ(client_.state(), State::ReadingRequest);
  const auto all = answers(client_.output());
  ASSERT_EQ(all.size(), 1U);
  EXPECT_TRUE(all[0].body == site_.three_blocks);
}

// The kernel cannot be told to stop a read: its block comes back with the completion, and the
// connection that it was for is gone by then.
TEST_F(ConnectionTest, OrphansTheReadOfAClientThatLeaves) {
  for (const Event event : {Event::PeerGone, Event::Timeout}) {
    loop_.sys.holds_reads = true;
    FakeClient client(loop_);
    client.says(get("/dynamic/three.bin")).play();
    ASSERT_EQ(client.state(), State::AwaitingDisk);
    EXPECT_EQ(client.hand(event), Want::Close);
    client.bury();
    EXPECT_EQ(loop_.aio.reads_in_flight(), 2U);
    EXPECT_EQ(loop_.aio.blocks_in_use(), 2U);
    loop_.sys.finish_reads();
    EXPECT_FALSE(loop_.turn()) << "nobody is told";
    EXPECT_EQ(loop_.aio.reads_in_flight(), 0U);
    EXPECT_EQ(loop_.aio.blocks_in_use(), 0U);
  }
}

// ---- Draining

TEST_F(ConnectionTest, DrainsUntilTheInputEnds) {
  client_.says(get("/static/a.txt", "Connection: close\r\n") + "more").play();
  EXPECT_EQ(client_.state(), State::Draining);
  EXPECT_EQ(client_.connection().patience(), Patience::Linger);
  client_.says("and more").play();
  EXPECT_EQ(client_.state(), State::Draining);
  client_.ends().play();
  EXPECT_TRUE(client_.closed());
  EXPECT_THAT(statuses(client_.output()), ElementsAre(200)) << "drained bytes are no requests";
}

TEST_F(ConnectionTest, StopsDrainingWhenPatienceEnds) {
  for (const Event event : {Event::PeerGone, Event::Timeout}) {
    FakeClient client(loop_);
    client.says(get("/", "Connection: close\r\n")).play();
    ASSERT_EQ(client.state(), State::Draining);
    EXPECT_EQ(client.hand(event), Want::Close);
  }
}

TEST_F(ConnectionTest, DrainsALimitedAmountInBoundedTurns) {
  client_.says(get("/", "Connection: close\r\n")).play();
  constexpr std::size_t kChunk = 16 * 1024;
  std::size_t turns = 0;
  for (; !client_.closed(); ++turns) {
    while (client_.peer().input.size() < 16)
      client_.says(std::string(kChunk, 'x'));
    loop_.sys.forget_calls();
    client_.hand(Event::SocketReady);
    ASSERT_LE(loop_.sys.calls().size(), 16U);
    ASSERT_LE(turns, 64U);
  }
  EXPECT_EQ(turns, 65U) << "16 MiB and a little";
}

}  // namespace
}  // namespace aws
