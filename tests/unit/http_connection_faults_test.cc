// Every kernel call that a connection makes fails once, with every error it may have: for n = 1,
// 2, 3 … until the scenario has no n-th call. Whatever fails, a client gets the right answer or a
// beginning of it, and nothing is left behind.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "answer.h"
#include "connection_driver.h"
#include "test_site.h"

namespace aws {
namespace {

using Call = FaultySys::Call;

struct Scenario {
  const char* name;
  std::vector<std::string> input;
  bool ends;
  std::vector<int> statuses;  // of the answers, when nothing fails
  bool to_head = false;
};

std::ostream& operator<<(std::ostream& out, const Scenario& scenario) {
  return out << scenario.name;
}

std::string get(const std::string& target, const std::string& fields = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

std::vector<Scenario> scenarios() {
  return {
      {"Static", {get("/static/big.bin")}, false, {200}},
      {"StaticAndClose", {get("/static/a.txt", "Connection: close\r\n")}, true, {200}},
      {"Dynamic", {get("/dynamic/three.bin")}, false, {200}},
      {"DynamicAndEnd", {get("/dynamic/three.bin")}, true, {200}},
      {"Empty", {get("/dynamic/empty.txt"), get("/static/empty.txt")}, false, {200, 200}},
      {"NotFound", {get("/static/missing")}, false, {404}},
      {"Folder", {get("/static/folder/")}, true, {200}},
      {"BareFolder", {get("/static/bare/")}, true, {403}},
      {"Pipelined",
       {get("/static/a.txt") + get("/dynamic/three.bin") + get("/dynamic/linked.txt"),
        get("/static/missing") + get("/")},
       true,
       {200, 200, 200, 404, 200}},
      {"Head", {"HEAD /dynamic/three.bin HTTP/1.1\r\nHost: a\r\n\r\n"}, false, {200}, true},
      {"Post",
       {"POST /static/a.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234",
        "56789" + get("/static/a.txt")},
       true,
       {405, 200}},
      {"PartialAndEnd", {get("/static/a.txt") + "GET /sta"}, true, {200, 400}},
      {"Malformed", {"GET /static/a.txt\r\n\r\n", "more"}, true, {400}},
      {"SplitRequest", {"GET /dynamic/a.txt HT", "TP/1.1\r\nHost: a\r", "\n\r\n"}, false, {200}},
  };
}

// How transfers go beside the one fault.
enum class Weather { Fair, Choppy };

// What the kernel has, and can do.
enum class Ground {
  Hot,             // all in memory
  WithoutOpenat2,  // likewise
  Cold,            // nothing in memory, neither paths nor files
  Indirect,        // nor is there O_DIRECT
  Silent,          // nor does it tell what is in memory
};

const char* name_of(Ground ground) {
  switch (ground) {
    case Ground::Hot:
      return "";
    case Ground::WithoutOpenat2:
      return "WithoutOpenat2";
    case Ground::Cold:
      return "Cold";
    case Ground::Indirect:
      return "Indirect";
    case Ground::Silent:
      return "Silent";
  }
  return "";
}

struct Outcome {
  std::string output;
  bool closed = false;
  bool fired = false;
  std::vector<Call> calls;
};

struct Fault {
  int call = 0;  // 0: none
  int error = 0;
  int read = 0;  // the disk fails this read with EIO
};

class HttpConnectionFaults : public testing::TestWithParam<std::tuple<Scenario, Weather, Ground>> {
 protected:
  Outcome play_with(const Fault& fault) {
    // That openat2 is missing is remembered, and must not be from one run to the next.
    std::unique_ptr<Resources> forgetful;
    if (fault.error == ENOSYS) {
      forgetful = std::make_unique<Resources>(TestSite::shared().site());
    }
    const Resources& resources = forgetful != nullptr ? *forgetful : remembering();

    const std::ptrdiff_t before = open_descriptors();
    Outcome result;
    {
      FakeLoop loop(resources, 3);
      loop.kernel.lacks_openat2 = lacks_openat2();
      loop.kernel.pages.cold = loop.kernel.lacks_cached_paths = is_cold();
      loop.kernel.lacks_direct = ground() == Ground::Indirect;
      loop.kernel.lacks_nowait = ground() == Ground::Silent;
      if (weather() == Weather::Choppy) {
        loop.kernel.transfer_limit = 60'000;
        loop.kernel.blocks_every_other_time = true;
      }
      FakeClient client(loop);
      for (const std::string& chunk : scenario().input)
        client.says(chunk);
      if (scenario().ends) client.ends();
      if (fault.call > 0) loop.kernel.fail_call(fault.call, fault.error);
      if (fault.read > 0) loop.kernel.fail_read(fault.read, EIO);
      client.play();
      result.closed = client.closed();
      EXPECT_TRUE(result.closed || client.want() == Want::Read) << "it waits for what has come";
      client.destroy();
      while (loop.turn()) {
      }
      EXPECT_EQ(loop.disk->aio().reads_in_flight(), 0U);
      EXPECT_EQ(loop.disk->aio().blocks_in_use(), 0U);
      EXPECT_EQ(loop.disk->threads().running(), 0U);
      EXPECT_EQ(loop.kernel.sleeps(), 0);
      result.fired = loop.kernel.fault_fired();
      result.output = client.output();
      result.calls = loop.kernel.calls();
    }
    EXPECT_EQ(open_descriptors(), before);
    return result;
  }

  std::vector<Answer> answers(std::string_view output) {
    std::vector<Answer> all;
    while (auto answer = take_answer(output, scenario().to_head))
      all.push_back(*answer);
    EXPECT_EQ(output, "") << "an incomplete answer, or what is none";
    return all;
  }

  static bool concerns_files(Call call) {
    return call == Call::OpenDirectory || call == Call::OpenBeneath || call == Call::OpenAt ||
           call == Call::Fstat || call == Call::ReadlinkAt;
  }

  // What these refuse can be had another way.
  static bool is_a_hint(Call call) {
    return call == Call::Probe || call == Call::ReadAhead || call == Call::ReopenDirect ||
           call == Call::FileSystemOf;
  }

  // A file that could not be opened is an answer like any other.
  void expect_error_page(const Outcome& faulty, int error) {
    const std::vector<Answer> all = answers(faulty.output);
    ASSERT_EQ(all.size(), scenario().statuses.size());
    int changed = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].status == scenario().statuses[i]) continue;
      ++changed;
      const bool lacks_room = error == EMFILE || error == ENFILE || error == ENOMEM;
      const int expected = lacks_room ? 503 : error == EACCES ? 403 : error == EIO ? 500 : 404;
      // A directory whose index cannot be found has none, and it may not be read.
      const bool bare = error == ENOENT && all[i].status == 403;
      EXPECT_TRUE(all[i].status == expected || bare) << all[i].status;
    }
    EXPECT_LE(changed, 1);
  }

  static const Resources& remembering() {
    if (!lacks_openat2()) return TestSite::resources();
    static const Resources resources(TestSite::shared().site());
    return resources;
  }

  [[nodiscard]] static const Scenario& scenario() { return std::get<0>(GetParam()); }
  [[nodiscard]] static Weather weather() { return std::get<1>(GetParam()); }
  [[nodiscard]] static Ground ground() { return std::get<2>(GetParam()); }
  [[nodiscard]] static bool lacks_openat2() { return ground() == Ground::WithoutOpenat2; }
  [[nodiscard]] static bool is_cold() {
    return ground() != Ground::Hot && ground() != Ground::WithoutOpenat2;
  }
};

INSTANTIATE_TEST_SUITE_P(Scenarios, HttpConnectionFaults,
                         testing::Combine(testing::ValuesIn(scenarios()),
                                          testing::Values(Weather::Fair, Weather::Choppy),
                                          testing::Values(Ground::Hot, Ground::WithoutOpenat2,
                                                          Ground::Cold, Ground::Indirect,
                                                          Ground::Silent)),
                         [](const auto& row) {
                           return std::string(std::get<0>(row.param).name) +
                                  (std::get<1>(row.param) == Weather::Fair ? "Fair" : "Choppy") +
                                  name_of(std::get<2>(row.param));
                         });

TEST_P(HttpConnectionFaults, LeaveARightAnswerOrItsBeginningAndNothingElse) {
  play_with({});  // now it is known whether there is openat2
  const Outcome clean = play_with({});
  std::vector<int> statuses;
  for (const Answer& answer : answers(clean.output))
    statuses.push_back(answer.status);
  ASSERT_EQ(statuses, scenario().statuses);

  for (int n = 1; n <= static_cast<int>(clean.calls.size()); ++n) {
    const Call call = clean.calls[static_cast<std::size_t>(n - 1)];
    for (const int error : legal_errors(call)) {
      SCOPED_TRACE("call " + std::to_string(n) + ", kind " +
                   std::to_string(static_cast<int>(call)) + ", fails: " + std::strerror(error));
      const Outcome faulty = play_with({.call = n, .error = error});
      ASSERT_TRUE(faulty.fired);
      if (concerns_files(call)) {
        expect_error_page(faulty, error);
        continue;
      }
      const bool begins_right = clean.output.starts_with(faulty.output);
      EXPECT_TRUE(begins_right);
      const bool complete = faulty.output.size() == clean.output.size();
      EXPECT_TRUE(faulty.closed || complete);
      EXPECT_TRUE(complete || error != EAGAIN) << "would-block is no error";
      EXPECT_TRUE(complete || !is_a_hint(call));
      if (testing::Test::HasFailure()) return;  // one message is enough
    }
  }
  EXPECT_FALSE(play_with({.call = static_cast<int>(clean.calls.size()) + 1, .error = EIO}).fired);
}

TEST_P(HttpConnectionFaults, OfTheDiskCutTheAnswerAndClose) {
  const Outcome clean = play_with({});
  for (int n = 1;; ++n) {
    const Outcome faulty = play_with({.read = n});
    EXPECT_TRUE(clean.output.starts_with(faulty.output)) << n;
    if (faulty.output.size() == clean.output.size()) break;  // it makes no n-th read
    EXPECT_TRUE(faulty.closed) << n;
    ASSERT_LT(n, 100);
  }
}

}  // namespace
}  // namespace aws
