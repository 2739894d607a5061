// Several requests on one Connection: pipelining, keeping, closing, stopping.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "answer.h"
#include "connection_driver.h"
#include "server/access_log.h"
#include "test_site.h"

namespace aws {
namespace {

using testing::HasSubstr;

std::string get(const std::string& target, const std::string& fields = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

class PersistenceTest : public testing::Test {
 protected:
  std::vector<Answer> answers(std::string_view output) {
    std::vector<Answer> all;
    while (auto answer = take_answer(output))
      all.push_back(*answer);
    EXPECT_EQ(output, "");
    return all;
  }

  const TestSite& site_ = TestSite::shared();
  FakeLoop loop_{TestSite::resources()};
  FakeClient client_{loop_};
};

TEST_F(PersistenceTest, AnswersPipelinedRequestsInOrder) {
  const std::string all = get("/dynamic/three.bin") + get("/static/a.txt") + get("/missing") +
                          get("/dynamic/empty.txt") + get("/dynamic/a.txt");
  for (const std::size_t cut : {std::size_t{1}, std::size_t{50}, all.size()}) {
    FakeClient client(loop_);
    for (std::size_t i = 0; i < all.size(); i += cut)
      client.says(all.substr(i, cut));
    client.play();
    const auto got = answers(client.output());
    ASSERT_EQ(got.size(), 5U) << cut;
    EXPECT_TRUE(got[0].body == site_.three_blocks);
    EXPECT_EQ(got[1].body, "static a");
    EXPECT_EQ(got[2].status, 404);
    EXPECT_EQ(got[3].body, "");
    EXPECT_EQ(got[4].body, "dynamic a");
    EXPECT_EQ(client.state(), State::ReadingRequest);
  }
}

// A client that sends without end must not keep the loop for itself.
TEST_F(PersistenceTest, YieldsAfterSixteenPipelinedRequestsAndGoesOn) {
  std::string forty;
  for (int i = 0; i < 40; ++i)
    forty += get("/static/a.txt");
  client_.says(forty);
  EXPECT_EQ(client_.hand(Event::SocketReady), Want::Write);
  EXPECT_EQ(answers(client_.output()).size(), 16U);
  EXPECT_EQ(client_.hand(Event::SocketReady), Want::Write);
  EXPECT_EQ(answers(client_.output()).size(), 32U);
  EXPECT_EQ(client_.hand(Event::SocketReady), Want::Read);
  EXPECT_EQ(answers(client_.output()).size(), 40U);
  EXPECT_EQ(loop_.http.counters.answers, 40U);
}

TEST_F(PersistenceTest, AnswersPipelinedRequestsBeforeTheInputsEnd) {
  client_.says(get("/static/a.txt") + get("/dynamic/a.txt")).ends().play();
  EXPECT_TRUE(client_.closed());
  EXPECT_EQ(answers(client_.output()).size(), 2U);
}

TEST_F(PersistenceTest, SendsNoBodyToHead) {
  client_.says("HEAD /static/big.bin HTTP/1.1\r\nHost: a\r\n\r\n" +
               std::string("HEAD /dynamic/three.bin HTTP/1.1\r\nHost: a\r\n\r\n") +
               "HEAD /missing HTTP/1.1\r\nHost: a\r\n\r\n" + get("/static/a.txt"));
  client_.play();
  std::string_view output = client_.output();
  EXPECT_EQ(take_answer(output, true).value()["content-length"], "1200000");
  EXPECT_EQ(take_answer(output, true).value()["content-length"],
            std::to_string(site_.three_blocks.size()));
  EXPECT_EQ(take_answer(output, true).value().status, 404);
  EXPECT_EQ(take_answer(output).value().body, "static a");
  EXPECT_EQ(output, "");
  EXPECT_EQ(loop_.kernel.count(FaultySys::Call::AioSubmit), 0U) << "nothing is read for nobody";
}

TEST_F(PersistenceTest, DropsABodyAndReadsTheRequestBehindIt) {
  for (const std::string& post :
       {std::string("POST /static/a.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"),
        std::string("GET /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
                    "0\r\n\r\n"),
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n" + std::string(65536, 'x')}) {
    const std::string all = post + get("/static/a.txt");
    for (const std::size_t cut : {std::size_t{1}, std::size_t{1000}, all.size()}) {
      FakeClient client(loop_);
      for (std::size_t i = 0; i < all.size(); i += cut)
        client.says(all.substr(i, cut));
      client.play();
      const auto got = answers(client.output());
      ASSERT_EQ(got.size(), 2U) << post.substr(0, 80);
      EXPECT_EQ(got[0].status, post.starts_with("POST") ? 405 : 404);
      EXPECT_EQ(got[1].body, "static a");
    }
  }
}

TEST_F(PersistenceTest, ClosesAfterABodyThatIsTooLong) {
  client_.says("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n" + get("/")).play();
  const auto got = answers(client_.output());
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].status, 405);
  EXPECT_EQ(got[0]["connection"], "close");
  EXPECT_EQ(client_.state(), State::Draining);
}

TEST_F(PersistenceTest, KeepsAndClosesAsTheClientAsks) {
  const struct {
    std::string request;
    std::string told;
    State then;
  } rows[] = {
      {get("/static/a.txt"), "", State::ReadingRequest},
      {get("/static/a.txt", "Connection: close\r\n"), "close", State::Closed},
      {get("/missing"), "", State::ReadingRequest},
      {"GET /static/a.txt HTTP/1.0\r\n\r\n", "close", State::Closed},
      {"GET /static/a.txt HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "keep-alive",
       State::ReadingRequest},
      {"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", "close", State::Draining},
      {"GET / HTTP/1.1\r\n\r\n", "close", State::Draining},
      {get("/static/a.txt", "Expect: 100-continue\r\nContent-Length: 3\r\n"), "close",
       State::Draining},
  };
  for (const auto& row : rows) {
    FakeClient client(loop_);
    client.says(row.request).play();
    const auto got = answers(client.output());
    ASSERT_EQ(got.size(), 1U) << row.request;
    EXPECT_EQ(got[0]["connection"], row.told) << row.request;
    EXPECT_EQ(client.state(), row.then) << row.request;
    EXPECT_EQ(client.peer().output_ended, row.then == State::Draining) << row.request;
  }
}

TEST_F(PersistenceTest, CanBeForbiddenByTheOperator) {
  loop_.http.keep_alive = false;
  client_.says(get("/static/a.txt") + get("/static/a.txt")).play();
  const auto got = answers(client_.output());
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0]["connection"], "close");
  EXPECT_EQ(client_.state(), State::Draining);
}

TEST_F(PersistenceTest, EndsWithTheAnswerWhenTheServerStops) {
  loop_.stopping = true;
  client_.says(get("/static/a.txt")).play();
  const auto got = answers(client_.output());
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0]["connection"], "close");
  EXPECT_EQ(client_.state(), State::Draining);
}

TEST_F(PersistenceTest, EndsWithTheAnswerUnderWayWhenTheServerStopsMeanwhile) {
  client_.says(get("/dynamic/three.bin") + get("/static/a.txt")).peer().room = 1000;
  client_.play();
  ASSERT_EQ(client_.state(), State::SendingBody);
  loop_.stopping = true;
  client_.peer().room = FaultySys::kNoLimit;
  client_.play();
  const auto got = answers(client_.output());
  ASSERT_EQ(got.size(), 1U);
  EXPECT_TRUE(got[0].body == site_.three_blocks);
  EXPECT_EQ(client_.state(), State::Draining);
}

TEST_F(PersistenceTest, ServesManyClientsFromFewBlocks) {
  FakeLoop loop(TestSite::resources(), 2);
  std::vector<std::unique_ptr<FakeClient>> clients;
  for (int i = 0; i < 12; ++i) {
    clients.push_back(std::make_unique<FakeClient>(loop));
    clients.back()->says(get("/dynamic/three.bin")).peer().room = 0;
  }
  const auto left = [&] {
    return std::count_if(clients.begin(), clients.end(), [](const auto& c) {
      return c->state() != State::ReadingRequest || c->output().empty();
    });
  };
  std::size_t room = 1;
  for (int turns = 0; turns < 5000 && left() > 0; ++turns) {
    for (const auto& client : clients) {
      if (client->peer().room == 0) client->peer().room = room = room * 31 % 100'003;
      if (client->want() != Want::Disk && client->want() != Want::Read)
        client->hand(Event::SocketReady);
      if (!client->peer().input.empty()) client->hand(Event::SocketReady);
    }
    loop.turn();
  }
  EXPECT_EQ(left(), 0);
  for (const auto& client : clients) {
    const auto got = answers(client->output());
    ASSERT_EQ(got.size(), 1U);
    EXPECT_TRUE(got[0].body == site_.three_blocks);
  }
  EXPECT_EQ(loop.disk->aio().blocks_in_use(), 0U);
}

TEST_F(PersistenceTest, LogsEveryAnswerOnce) {
  const TempFolder folder;
  const std::string file = (folder.path() / "access.log").string();
  {
    AccessLog log(file);
    loop_.http.access_log = &log;
    client_.says("GET /static/a.txt HT").play();
    loop_.advance_clock(85);
    client_.says("TP/1.1\r\nHost: a\r\nUser-Agent: \"me\"\r\nReferer: r\r\n\r\n").play();
    client_.says(get("/dynamic/a.txt") + get("/dynamic/three.bin")).peer().room = 2000;
    client_.play();
    client_.hand(Event::PeerGone);
    FakeClient other(loop_);
    other.says("\x16\x03").play();
    loop_.http.access_log = nullptr;
  }
  std::ifstream lines(file);
  std::string line;
  std::getline(lines, line);
  EXPECT_THAT(line,
              HasSubstr("\"GET /static/a.txt HTTP/1.1\" 200 8 \"r\" \"\\\"me\\\"\" 85 static"));
  std::getline(lines, line);
  EXPECT_THAT(line, HasSubstr("\"GET /dynamic/a.txt HTTP/1.1\" 200 9 \"-\" \"-\" 0 dynamic"));
  std::getline(lines, line);
  EXPECT_THAT(line, HasSubstr("\"GET /dynamic/three.bin HTTP/1.1\" 200 "));
  std::getline(lines, line);
  EXPECT_THAT(line, HasSubstr("\"-\" 400 "));
  EXPECT_FALSE(std::getline(lines, line));
}

}  // namespace
}  // namespace aws
