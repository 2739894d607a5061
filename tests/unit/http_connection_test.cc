// The table of states in http_connection.h, row by row, and what a client sees of it.
#include "server/http_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "answer.h"
#include "connection_driver.h"
#include "loop/stall_meter.h"
#include "test_site.h"

namespace aws {
namespace {

using testing::ElementsAre;

std::string get(const std::string& target, const std::string& fields = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

class HttpConnectionTest : public testing::Test {
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

TEST_F(HttpConnectionTest, StaysReadingWhileARequestIsIncomplete) {
  EXPECT_EQ(client_.connection().timeout_kind(), loop_.http.timeouts.greeting);
  client_.says("GET /static/a.txt HTTP/1.1\r\n");
  EXPECT_EQ(client_.hand(Event::SocketReady), Want::Read);
  EXPECT_EQ(client_.state(), State::ReadingRequest);
  EXPECT_EQ(client_.connection().timeout_kind(), loop_.http.timeouts.request);
  EXPECT_EQ(client_.hand(Event::SocketReady), Want::Read) << "woken for nothing";
  client_.says("Host: a\r\n\r\n").play();
  EXPECT_THAT(statuses(client_.output()), ElementsAre(200));
}

TEST_F(HttpConnectionTest, AnswersAtOnceWhatIsComplete) {
  client_.says(get("/static/a.txt"));
  EXPECT_EQ(client_.hand(Event::SocketReady), Want::Read);
  EXPECT_EQ(client_.state(), State::ReadingRequest);
  EXPECT_EQ(client_.connection().timeout_kind(), loop_.http.timeouts.idle);
  const auto all = answers(client_.output());
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].body, "static a");
  EXPECT_EQ(all[0]["date"], "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_FALSE(all[0].has("connection"));
}

TEST_F(HttpConnectionTest, NeedsOneReceiveAndTwoSendsForASmallFile) {
  client_.says(get("/static/a.txt"));
  client_.hand(Event::SocketReady);
  using Call = FaultySys::Call;
  EXPECT_THAT(loop_.kernel.calls(),
              ElementsAre(Call::Recv, Call::OpenDirectory, Call::Fstat, Call::OpenBeneath,
                          Call::Fstat, Call::Send, Call::Probe, Call::Sendfile));
  loop_.kernel.forget_calls();
  client_.says(get("/static/a.txt"));
  client_.hand(Event::SocketReady);
  EXPECT_THAT(loop_.kernel.calls(), ElementsAre(Call::Recv, Call::OpenBeneath, Call::Fstat,
                                                Call::Send, Call::Probe, Call::Sendfile))
      << "the root is known for a second";
  EXPECT_EQ(loop_.kernel.sleeps(), 0);
}

TEST_F(HttpConnectionTest, RefusesWhatIsMalformedAndThenDrains) {
  client_.says("GET / HTTP/1.1\nHost: a\r\n\r\n" + get("/static/a.txt"));
  EXPECT_EQ(client_.hand(Event::SocketReady), Want::Read);
  EXPECT_EQ(client_.state(), State::Draining);
  EXPECT_TRUE(client_.peer().output_ended);
  const auto all = answers(client_.output());
  ASSERT_EQ(all.size(), 1U) << "what follows is not trusted";
  EXPECT_EQ(all[0].status, 400);
  EXPECT_EQ(all[0]["connection"], "close");
}

TEST_F(HttpConnectionTest, ClosesSilentlyWhenTheInputEndsBetweenRequests) {
  client_.ends().play();
  EXPECT_TRUE(client_.closed());
  EXPECT_EQ(client_.output(), "");
  FakeClient other(loop_);
  other.says(get("/static/a.txt")).says("\r\n").ends().play();
  EXPECT_TRUE(other.closed());
  EXPECT_THAT(statuses(other.output()), ElementsAre(200));
}

TEST_F(HttpConnectionTest, Answers400WhenTheInputEndsInARequest) {
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

TEST_F(HttpConnectionTest, AnswersAClientThatHasEndedItsSideAlready) {
  client_.says(get("/dynamic/three.bin")).ends().play();
  EXPECT_TRUE(client_.closed());
  const auto all = answers(client_.output());
  ASSERT_EQ(all.size(), 1U);
  EXPECT_TRUE(all[0].body == site_.three_blocks);
}

TEST_F(HttpConnectionTest, TimesOutSilentlyBeforeAndBetweenRequests) {
  EXPECT_EQ(client_.hand(Event::Timeout), Want::Close);
  EXPECT_EQ(client_.output(), "");
  FakeClient idle(loop_);
  idle.says(get("/static/a.txt")).play();
  EXPECT_EQ(idle.hand(Event::Timeout), Want::Close);
  EXPECT_THAT(statuses(idle.output()), ElementsAre(200));
  EXPECT_EQ(loop_.http.counters.timeouts, 2U);
}

TEST_F(HttpConnectionTest, Answers408ToARequestThatComesTooSlowly) {
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

TEST_F(HttpConnectionTest, SendsTheHeadAsTheClientTakesIt) {
  client_.says(get("/static/a.txt")).peer().room = 0;
  EXPECT_EQ(client_.hand(Event::SocketReady), Want::Write);
  EXPECT_EQ(client_.state(), State::SendingHead);
  EXPECT_EQ(client_.connection().timeout_kind(), loop_.http.timeouts.answer);
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

TEST_F(HttpConnectionTest, HoldsNothingBackWithoutABody) {
  client_.says("HEAD /static/a.txt HTTP/1.1\r\nHost: a\r\n\r\n").play();
  EXPECT_FALSE(client_.output().empty());
  EXPECT_FALSE(client_.peer().held_back);
}

TEST_F(HttpConnectionTest, SendsABigBodyATurnAtATime) {
  client_.says(get("/static/big.bin"));
  EXPECT_EQ(client_.hand(Event::SocketReady), Want::Write);
  EXPECT_EQ(client_.state(), State::SendingBody);
  client_.play();
  const auto all = answers(client_.output());
  ASSERT_EQ(all.size(), 1U);
  EXPECT_TRUE(all[0].body == site_.big);
}

TEST_F(HttpConnectionTest, RestartsTheTimeoutWheneverTheClientTakesSomething) {
  client_.says(get("/static/big.bin")).peer().room = 1000;
  client_.play();
  const std::int64_t since = client_.connection().waiting_since_us();
  loop_.advance_clock(5);
  client_.hand(Event::SocketReady);
  EXPECT_EQ(client_.connection().waiting_since_us(), since) << "nothing was taken";
  client_.peer().room = 1;
  client_.hand(Event::SocketReady);
  EXPECT_EQ(client_.connection().waiting_since_us(), since + 5);
  EXPECT_EQ(client_.connection().timeout_kind(), loop_.http.timeouts.answer);
}

// A socket becomes writable only when a good part of its buffer is free: a slow client may have
// taken bytes all the time without our noticing.
TEST_F(HttpConnectionTest, GivesAClientMoreTimeThatTookWhatTheKernelHeld) {
  for (const std::size_t room : {100U, 1000U}) {  // in the head, in the body
    FakeClient slow(loop_);
    slow.says(get("/static/big.bin")).peer().room = room;
    slow.peer().unread = 500;
    slow.play();
    for (const int unread : {499, 1, 0}) {
      loop_.advance_clock(60);
      slow.peer().unread = unread;
      EXPECT_EQ(slow.hand(Event::Timeout), Want::Write);
      EXPECT_EQ(slow.connection().waiting_since_us(), loop_.now.monotonic_us);
    }
    EXPECT_EQ(slow.hand(Event::Timeout), Want::Close) << "it took nothing since";
  }
  EXPECT_EQ(loop_.http.counters.timeouts, 2U);
}

// Its answers may fill the socket, and then it is not idle, however long it takes them.
TEST_F(HttpConnectionTest, WaitsForAClientThatHadItsShareAsForOneThatTakesAnAnswer) {
  std::string requests;
  for (int i = 0; i < 17; ++i)
    requests += get("/static/a.txt");
  client_.says(requests + "\r\n").peer().unread = 500;
  EXPECT_EQ(client_.hand(Event::SocketReady), Want::Write);
  EXPECT_EQ(client_.state(), State::ReadingRequest);
  EXPECT_EQ(client_.connection().timeout_kind(), loop_.http.timeouts.answer);
  client_.peer().unread = 499;
  EXPECT_EQ(client_.hand(Event::Timeout), Want::Read) << "it took bytes meanwhile";
  EXPECT_EQ(statuses(client_.output()).size(), 17U);
  EXPECT_EQ(client_.connection().timeout_kind(), loop_.http.timeouts.idle)
      << "an empty line is no request";
}

TEST_F(HttpConnectionTest, ClosesInEveryStateWhenThePeerIsGoneOrATimeoutExpires) {
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
    }
  }
  EXPECT_EQ(client_.hand(Event::PeerGone), Want::Close);
}

// ---- AwaitingDisk

TEST_F(HttpConnectionTest, AwaitsTheDiskForADynamicFile) {
  loop_.kernel.holds_reads = true;
  client_.says(get("/dynamic/three.bin"));
  EXPECT_EQ(client_.hand(Event::SocketReady), Want::Disk);
  EXPECT_EQ(client_.state(), State::AwaitingDisk);
  EXPECT_EQ(client_.connection().timeout_kind(), loop_.http.timeouts.disk);
  client_.play();
  EXPECT_EQ(client_.state(), State::AwaitingDisk) << "the reads are held";
  loop_.kernel.holds_reads = false;
  loop_.kernel.finish_reads();
  client_.play();
  EXPECT_EQ(client_.state(), State::ReadingRequest);
  const auto all = answers(client_.output());
  ASSERT_EQ(all.size(), 1U);
  EXPECT_TRUE(all[0].body == site_.three_blocks);
}

// The kernel cannot be told to stop a read: its block comes back with the completion, and the
// connection that it was for is gone by then.
TEST_F(HttpConnectionTest, OrphansTheReadOfAClientThatLeaves) {
  for (const Event event : {Event::PeerGone, Event::Timeout}) {
    loop_.kernel.holds_reads = true;
    FakeClient client(loop_);
    client.says(get("/dynamic/three.bin")).play();
    ASSERT_EQ(client.state(), State::AwaitingDisk);
    EXPECT_EQ(client.hand(event), Want::Close);
    client.destroy();
    EXPECT_EQ(loop_.disk->aio().reads_in_flight(), 1U);
    EXPECT_EQ(loop_.disk->aio().blocks_in_use(), 1U);
    loop_.kernel.finish_reads();
    EXPECT_FALSE(loop_.turn()) << "nobody is told";
    EXPECT_EQ(loop_.disk->aio().reads_in_flight(), 0U);
    EXPECT_EQ(loop_.disk->aio().blocks_in_use(), 0U);
  }
}

TEST_F(HttpConnectionTest, AwaitsTheDiskForAStaticFileThatIsNotInMemory) {
  loop_.kernel.pages.cold = true;
  loop_.kernel.holds_reads = true;
  client_.says(get("/static/big.bin"));
  EXPECT_EQ(client_.hand(Event::SocketReady), Want::Disk);
  EXPECT_EQ(client_.state(), State::AwaitingDisk);
  EXPECT_EQ(client_.connection().timeout_kind(), loop_.http.timeouts.disk);
  EXPECT_EQ(loop_.kernel.count(FaultySys::Call::Sendfile), 0U);

  FakeClient other(loop_);  // which does not have to wait for this one
  other.says(get("/static/missing")).play();
  EXPECT_THAT(statuses(other.output()), ElementsAre(404));

  loop_.kernel.holds_reads = false;
  loop_.kernel.finish_reads();
  client_.play();
  const auto all = answers(client_.output());
  ASSERT_EQ(all.size(), 1U);
  EXPECT_TRUE(all[0].body == site_.big);
  EXPECT_EQ(loop_.kernel.sleeps(), 0);
}

TEST_F(HttpConnectionTest, OrphansTheSentinelOfAClientThatLeaves) {
  for (const Event event : {Event::PeerGone, Event::Timeout}) {
    loop_.kernel.pages.cold = true;
    loop_.kernel.holds_reads = true;
    FakeClient client(loop_);
    client.says(get("/static/big.bin")).play();
    ASSERT_EQ(client.state(), State::AwaitingDisk);
    EXPECT_EQ(client.hand(event), Want::Close);
    client.destroy();
    EXPECT_EQ(loop_.disk->aio().reads_in_flight(), 1U);
    loop_.kernel.finish_reads();
    loop_.kernel.pages.evict();
    EXPECT_FALSE(loop_.turn()) << "nobody is told";
    EXPECT_EQ(loop_.disk->aio().blocks_in_use(), 0U);
  }
}

// ---- What only a helper can do

class HelpedHttpConnectionTest : public HttpConnectionTest {
 protected:
  HelpedHttpConnectionTest() {
    loop_.kernel.lacks_cached_paths = true;
    loop_.fake_disk.holds_tasks = true;
  }
  ~HelpedHttpConnectionTest() override { EXPECT_EQ(loop_.kernel.sleeps(), 0); }

  // Has a helper look `target` up, so that it is cached.
  void warm(const std::string& target) {
    loop_.fake_disk.holds_tasks = false;
    FakeClient client(loop_);
    client.says(get(target)).play();
    loop_.fake_disk.holds_tasks = true;
  }
  void let_helpers_finish() { loop_.fake_disk.holds_tasks = false; }
};

TEST_F(HelpedHttpConnectionTest, AwaitsTheOpeningOfAPathThatIsNotCached) {
  client_.says(get("/static/a.txt"));
  EXPECT_EQ(client_.hand(Event::SocketReady), Want::Disk);
  EXPECT_EQ(client_.state(), State::OpeningFile);
  EXPECT_EQ(client_.connection().timeout_kind(), loop_.http.timeouts.disk);
  client_.play();
  EXPECT_EQ(client_.state(), State::OpeningFile) << "the helper takes its time";
  EXPECT_EQ(client_.output(), "");
  let_helpers_finish();
  client_.play();
  const auto all = answers(client_.output());
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].body, "static a");
  EXPECT_EQ(loop_.http.counters.openings, 1U);

  client_.says(get("/static/a.txt")).play();
  EXPECT_EQ(loop_.http.counters.openings, 1U) << "now it is cached";
}

TEST_F(HelpedHttpConnectionTest, AnswersOthersMeanwhile) {
  warm("/static/a.txt");
  client_.says(get("/static/big.bin")).play();
  ASSERT_EQ(client_.state(), State::OpeningFile);
  FakeClient other(loop_);
  other.says(get("/static/a.txt")).play();
  EXPECT_THAT(statuses(other.output()), ElementsAre(200));
  EXPECT_EQ(client_.state(), State::OpeningFile);
  let_helpers_finish();
  client_.play();
  EXPECT_THAT(statuses(client_.output()), ElementsAre(200));
}

TEST_F(HelpedHttpConnectionTest, SaysWhatAHelperFound) {
  let_helpers_finish();
  for (const auto& [target, status] :
       {std::pair("/static/missing", 404), std::pair("/static/folder", 301),
        std::pair("/static/folder/", 200), std::pair("/static/bare/", 403),
        std::pair("/static/outside.txt", 404), std::pair("/dynamic/three.bin", 200),
        std::pair("/dynamic/empty.txt", 200), std::pair("/", 200)}) {
    FakeClient client(loop_);
    client.says(get(target)).play();
    EXPECT_THAT(statuses(client.output()), ElementsAre(status)) << target;
  }
  EXPECT_EQ(loop_.http.counters.openings, 8U);
}

TEST_F(HelpedHttpConnectionTest, SaysWhyAHelperFoundNothing) {
  let_helpers_finish();
  using Call = FaultySys::Call;
  for (const auto& [error, status] : {std::pair(EMFILE, 503), std::pair(EACCES, 403)}) {
    FakeClient client(loop_);
    client.says(get("/static/a.txt"));
    loop_.kernel.fail_call(2, error, Call::OpenBeneath);  // the first is the loop's
    client.play();
    EXPECT_THAT(statuses(client.output()), ElementsAre(status));
    EXPECT_TRUE(loop_.kernel.fault_fired());
  }
}

TEST_F(HelpedHttpConnectionTest, AnswersPipelinedRequestsInOrder) {
  warm("/static/a.txt");
  client_.says(get("/static/a.txt") + get("/static/big.bin") + get("/static/a.txt") +
               get("/static/missing") + "GET /static/a.t");
  client_.play();
  EXPECT_THAT(statuses(client_.output()), ElementsAre(200)) << "the second has to wait";
  client_.says("xt HTTP/1.1\r\nHost: a\r\n\r\n");
  let_helpers_finish();
  client_.play();
  const auto all = answers(client_.output());
  ASSERT_EQ(all.size(), 5U);
  EXPECT_TRUE(all[1].body == site_.big);
  EXPECT_EQ(all[2].body, "static a");
  EXPECT_EQ(all[3].status, 404);
  EXPECT_EQ(all[4].body, "static a");
}

// The helper reads what the request was parsed from, which belongs to the connection.
TEST_F(HelpedHttpConnectionTest, IsNotDestroyedBeforeTheHelperIsDone) {
  for (const Event event : {Event::PeerGone, Event::Timeout}) {
    for (const char* const target : {"/static/big.bin", "/dynamic/three.bin", "/static/none"}) {
      FakeLoop loop(TestSite::resources());
      loop.kernel.lacks_cached_paths = true;
      loop.fake_disk.holds_tasks = true;
      const std::ptrdiff_t before = open_descriptors();
      FakeClient client(loop);
      client.says(get(target)).play();
      ASSERT_EQ(client.state(), State::OpeningFile);
      EXPECT_EQ(client.hand(event), Want::Close);
      EXPECT_TRUE(client.connection().has_pending_work());
      client.destroy();
      EXPECT_EQ(client.output(), "");
      EXPECT_EQ(loop.disk->threads().running(), 0U);
      EXPECT_EQ(open_descriptors(), before + 1)
          << "what the helper opened is closed, except the root";
      EXPECT_EQ(loop.http.counters.answers, 0U);
    }
  }
}

TEST_F(HelpedHttpConnectionTest, AwaitsAHelpersReading) {
  warm("/static/a.txt");
  warm("/dynamic/three.bin");
  loop_.kernel.pages.cold = true;
  loop_.kernel.lacks_direct = true;
  for (const char* const target : {"/static/a.txt", "/dynamic/three.bin"}) {
    for (const bool leaves : {false, true}) {
      loop_.fake_disk.holds_tasks = true;
      loop_.kernel.pages.evict();
      FakeClient client(loop_);
      client.says(get(target)).play();
      ASSERT_EQ(client.state(), State::AwaitingDisk);
      EXPECT_TRUE(client.connection().has_pending_work());
      if (leaves) {
        EXPECT_EQ(client.hand(Event::PeerGone), Want::Close);
        EXPECT_TRUE(client.connection().has_pending_work());
        client.destroy();
      } else {
        let_helpers_finish();
        client.play();
        EXPECT_THAT(statuses(client.output()), ElementsAre(200));
      }
      EXPECT_EQ(loop_.disk->aio().blocks_in_use(), 0U);
      EXPECT_EQ(loop_.disk->threads().running(), 0U);
    }
  }
}

TEST_F(HelpedHttpConnectionTest, AwaitsAListing) {
  Site site = site_.site();
  site.listing = true;
  const Resources resources(site);
  FakeLoop loop(resources);
  for (const bool leaves : {false, true}) {
    loop.fake_disk.holds_tasks = true;
    FakeClient client(loop);
    client.says(get("/static/", leaves ? "" : "Connection: close\r\n")).play();
    ASSERT_EQ(client.state(), State::AwaitingDisk);
    EXPECT_TRUE(client.output().find("chunked") != std::string::npos) << "the head is sent";
    if (leaves) {
      EXPECT_EQ(client.hand(Event::PeerGone), Want::Close);
      EXPECT_TRUE(client.connection().has_pending_work());
      client.destroy();
      EXPECT_EQ(loop.disk->threads().running(), 0U);
    } else {
      loop.fake_disk.holds_tasks = false;
      client.play();
      EXPECT_TRUE(client.output().ends_with("\r\n0\r\n\r\n"));
      EXPECT_NE(client.output().find("big.bin"), std::string::npos);
    }
  }
  EXPECT_EQ(loop.kernel.sleeps(), 0);
}

// ---- Corking

TEST_F(HttpConnectionTest, SendsAnswersToPipelinedRequestsTogether) {
  client_.says(get("/static/a.txt") + get("/missing") + get("/static/big.bin")).play();
  EXPECT_THAT(statuses(client_.output()), ElementsAre(200, 404, 200));
  EXPECT_EQ(client_.peer().corks, 1);
  EXPECT_FALSE(client_.peer().corked);
}

TEST_F(HttpConnectionTest, CorksNothingForASingleRequest) {
  for (const char* const target : {"/static/a.txt", "/static/big.bin", "/dynamic/three.bin"})
    client_.says(get(target)).play();
  EXPECT_EQ(client_.peer().corks, 0);
}

TEST_F(HttpConnectionTest, HoldsNothingBackWhileItWaits) {
  client_.says(get("/static/a.txt") + "GET /static/a.t").play();
  EXPECT_EQ(client_.state(), State::ReadingRequest);
  EXPECT_FALSE(client_.peer().corked) << "the rest of a request may never come";

  FakeClient slow(loop_);
  slow.says(get("/static/big.bin") + get("/static/a.txt")).peer().room = 1000;
  slow.play();
  EXPECT_EQ(slow.state(), State::SendingBody);
  EXPECT_FALSE(slow.peer().corked);
}

// ---- What it tells a stall meter

// The connection says what it is about before it opens the file, since opening may stall.
TEST_F(HttpConnectionTest, TellsTheMeterWhatItsRequestIsAbout) {
  StallMeter meter;
  loop_.stalls = &meter;
  client_.says("GET /static/a.txt?b HTTP/1.1\r\nHost: h\r\n\r\n");
  meter.turn_begins(0);
  meter.visit_begins(1, client_.connection().subject());
  client_.play();
  meter.mark(Work::Sendfile, 1'000);
  meter.visit_ends(1'000);
  std::ignore = meter.turn_ends(1'000);
  EXPECT_EQ(meter.figures().longest.blame.address, "/static/a.txt?b");
}

TEST_F(HttpConnectionTest, NamesTheAddressOfAnAnswerUnderWay) {
  client_.peer().room = 1000;
  EXPECT_EQ(client_.connection().subject(), "");
  client_.says("GET /static/big.bin HTTP/1.1\r\nHost: h\r\n\r\n");
  client_.play();
  EXPECT_EQ(client_.connection().subject(), "/static/big.bin");
  client_.peer().room = FaultySys::kNoLimit;
  client_.play();
  EXPECT_EQ(client_.connection().subject(), "") << "it is answered";
}

// ---- The end, and Draining

TEST_F(HttpConnectionTest, ClosesAtOnceIfTheClientHasSentAllByItsOwnWord) {
  for (const std::string& request :
       {get("/static/a.txt", "Connection: close\r\n"), std::string("GET / HTTP/1.0\r\n\r\n"),
        get("/missing", "Connection: close\r\nContent-Length: 3\r\n") + "abc"}) {
    FakeClient client(loop_);
    client.says(request);
    EXPECT_EQ(client.hand(Event::SocketReady), Want::Close) << request;
    EXPECT_EQ(statuses(client.output()).size(), 1U) << request;
  }
}

// Whatever it may still send would reset the connection, and its answer could be lost.
TEST_F(HttpConnectionTest, DrainsIfTheClientMaySendMore) {
  const std::string refused = "GET / HTTP/1.1\r\nConnection: close\r\n\r\n";
  for (const std::string& request :
       {refused, get("/static/a.txt", "Connection: close\r\n") + "\r\n",
        get("/static/a.txt", "Connection: close\r\nContent-Length: 65537\r\n"),
        get("/", "Connection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n")}) {
    FakeClient client(loop_);
    client.says(request).play();
    EXPECT_EQ(client.state(), State::Draining) << request;
  }
}

TEST_F(HttpConnectionTest, DrainsUntilTheInputEnds) {
  client_.says(get("/static/a.txt", "Connection: close\r\n") + "more").play();
  EXPECT_EQ(client_.state(), State::Draining);
  EXPECT_EQ(client_.connection().timeout_kind(), loop_.http.timeouts.linger);
  client_.says("and more").play();
  EXPECT_EQ(client_.state(), State::Draining);
  client_.ends().play();
  EXPECT_TRUE(client_.closed());
  EXPECT_THAT(statuses(client_.output()), ElementsAre(200)) << "drained bytes are no requests";
}

TEST_F(HttpConnectionTest, StopsDrainingWhenThePeerIsGoneOrItsTimeoutExpires) {
  for (const Event event : {Event::PeerGone, Event::Timeout}) {
    FakeClient client(loop_);
    client.says(get("/", "Connection: close\r\n") + "more").play();
    ASSERT_EQ(client.state(), State::Draining);
    EXPECT_EQ(client.hand(event), Want::Close);
  }
}

TEST_F(HttpConnectionTest, DrainsALimitedAmountInBoundedTurns) {
  client_.says("BREW / HTTP/1.1\r\nHost: a\r\n\r\n").play();
  constexpr std::size_t kChunk = 16 * 1024;
  std::size_t turns = 0;
  for (; !client_.closed(); ++turns) {
    while (client_.peer().input.size() < 16)
      client_.says(std::string(kChunk, 'x'));
    loop_.kernel.forget_calls();
    client_.hand(Event::SocketReady);
    ASSERT_LE(loop_.kernel.calls().size(), 16U);
    ASSERT_LE(turns, 64U);
  }
  EXPECT_EQ(turns, 65U) << "16 MiB and a little";
}

}  // namespace
}  // namespace aws
