#include "server/timed_sys.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "connection_driver.h"
#include "test_site.h"

namespace aws {
namespace {

constexpr std::int64_t kCallUs = 70;
constexpr int kResult = 42;

// Each call takes kCallUs of its own clock, and returns kResult.
class SlowSys final : public Sys {
 public:
  int accept(int, sockaddr_storage&) noexcept override { return call(); }
  ssize_t recv(int, std::span<char>) noexcept override { return call(); }
  ssize_t send(int, std::string_view, bool) noexcept override { return call(); }
  ssize_t sendfile(int, int, off_t, std::size_t) noexcept override { return call(); }
  void defer_accept(int, bool) noexcept override { call(); }
  void cork(int, bool) noexcept override { call(); }
  int unread_by_peer(int) noexcept override { return call(); }
  int shutdown_write(int) noexcept override { return call(); }
  void reset_on_close(int) noexcept override { call(); }
  int open_beneath(int, const char*, int, bool) noexcept override { return call(); }
  int open_directory(int, const char*, bool) noexcept override { return call(); }
  int reopen_direct(int) noexcept override { return call(); }
  ssize_t probe(int, off_t) noexcept override { return call(); }
  int read_ahead(int, off_t, std::size_t) noexcept override { return call(); }
  ssize_t pread(int, std::span<char>, off_t) noexcept override { return call(); }
  std::int64_t file_system_of(int) noexcept override { return call(); }
  int open_at(int, const char*, int) noexcept override { return call(); }
  int fstat(int, struct stat&) noexcept override { return call(); }
  ssize_t readlink_at(int, const char*, std::span<char>) noexcept override { return call(); }
  ssize_t read_folder(int, std::span<char>) noexcept override { return call(); }
  int stat_at(int, const char*, struct stat&) noexcept override { return call(); }
  int memory_file() noexcept override { return call(); }
  ssize_t write(int, std::string_view) noexcept override { return call(); }
  int aio_setup(int, io_context_t&) noexcept override { return call(); }
  int aio_submit(io_context_t, std::span<iocb*>) noexcept override { return call(); }
  int aio_events(io_context_t, long, std::span<io_event>) noexcept override { return call(); }
  void aio_destroy(io_context_t) noexcept override { call(); }
  Moment now() noexcept override { return {.monotonic_us = clock_us, .wall_s = 5, .wall_ns = 6}; }
  std::int64_t monotonic_us() noexcept override { return clock_us; }

  std::int64_t clock_us = 1'000'000;

 private:
  int call() {
    clock_us += kCallUs;
    return kResult;
  }
};

struct Timed {
  Work work;
  std::function<ssize_t(Sys&)> call;
};

std::vector<Timed> all_calls() {
  static sockaddr_storage peer;
  static struct stat status;
  static std::array<char, 1> bytes;
  static io_context_t ring;
  return {
      {Work::Accept, [](Sys& sys) { return sys.accept(0, peer); }},
      {Work::Recv, [](Sys& sys) { return sys.recv(0, bytes); }},
      {Work::Send, [](Sys& sys) { return sys.send(0, "x", false); }},
      {Work::Sendfile, [](Sys& sys) { return sys.sendfile(0, 0, 0, 1); }},
      {Work::Ioctl, [](Sys& sys) { return sys.unread_by_peer(0); }},
      {Work::Shutdown, [](Sys& sys) { return sys.shutdown_write(0); }},
      {Work::SetSockOpt, [](Sys& sys) { return sys.reset_on_close(0), kResult; }},
      {Work::SetSockOpt, [](Sys& sys) { return sys.defer_accept(0, true), kResult; }},
      {Work::SetSockOpt, [](Sys& sys) { return sys.cork(0, true), kResult; }},
      {Work::OpenAt2, [](Sys& sys) { return sys.open_beneath(0, "x", 0, true); }},
      {Work::OpenAt, [](Sys& sys) { return sys.open_at(0, "x", 0); }},
      {Work::OpenAt2, [](Sys& sys) { return sys.open_directory(0, "x", true); }},
      {Work::OpenAt, [](Sys& sys) { return sys.open_directory(0, "x", false); }},
      {Work::OpenAt, [](Sys& sys) { return sys.reopen_direct(0); }},
      {Work::PreadV2, [](Sys& sys) { return sys.probe(0, 0); }},
      {Work::FAdvise, [](Sys& sys) { return sys.read_ahead(0, 0, 1); }},
      {Work::Pread, [](Sys& sys) { return sys.pread(0, bytes, 0); }},
      {Work::FStatFs, [](Sys& sys) { return sys.file_system_of(0); }},
      {Work::Fstat, [](Sys& sys) { return sys.fstat(0, status); }},
      {Work::ReadLinkAt, [](Sys& sys) { return sys.readlink_at(0, "x", bytes); }},
      {Work::GetDents, [](Sys& sys) { return sys.read_folder(0, bytes); }},
      {Work::FstatAt, [](Sys& sys) { return sys.stat_at(0, "x", status); }},
      {Work::MemfdCreate, [](Sys& sys) { return sys.memory_file(); }},
      {Work::Write, [](Sys& sys) { return sys.write(0, "x"); }},
      {Work::IoSetup, [](Sys& sys) { return sys.aio_setup(0, ring); }},
      {Work::IoSubmit, [](Sys& sys) { return sys.aio_submit(ring, {}); }},
      {Work::IoGetEvents, [](Sys& sys) { return sys.aio_events(ring, 0, {}); }},
      {Work::IoDestroy, [](Sys& sys) { return sys.aio_destroy(ring), kResult; }},
  };
}

TEST(TimedSys, TellsWhichCallTookTheTimeAndPassesItsResultOn) {
  for (const Timed& timed : all_calls()) {
    SlowSys slow;
    StallMeter meter;
    TimedSys sys(slow, meter);
    meter.turn_begins(sys.now().monotonic_us);
    meter.visit_begins(7, "/x");
    EXPECT_EQ(timed.call(sys), kResult) << name(timed.work);
    meter.visit_ends(sys.monotonic_us());
    std::ignore = meter.turn_ends(sys.monotonic_us());
    EXPECT_EQ(meter.figures().longest.held_us, kCallUs) << name(timed.work);
    EXPECT_EQ(meter.figures().longest.blame.us, kCallUs) << name(timed.work);
    EXPECT_EQ(name(meter.figures().longest.blame.work), name(timed.work));
  }
}

TEST(TimedSys, KnowsEveryKindOfCall) {
  std::set<Work> kinds;
  for (const Timed& timed : all_calls())
    kinds.insert(timed.work);
  EXPECT_EQ(kinds.size(), static_cast<std::size_t>(Work::kCount) - 2) << "all but Any and Own";
}

TEST(TimedSys, DoesNotBlameACallForTheWorkBeforeIt) {
  for (const Timed& timed : all_calls()) {
    SlowSys slow;
    StallMeter meter;
    TimedSys sys(slow, meter);
    meter.turn_begins(slow.clock_us);
    slow.clock_us += 10 * kCallUs;  // something is encoded
    std::ignore = timed.call(sys);
    std::ignore = meter.turn_ends(slow.clock_us);
    EXPECT_EQ(name(meter.figures().longest.blame.work), "our own work") << name(timed.work);
    EXPECT_EQ(meter.figures().longest.blame.us, 10 * kCallUs) << name(timed.work);
  }
}

TEST(TimedSys, TellsTheRealOnesTime) {
  SlowSys slow;
  StallMeter meter;
  TimedSys sys(slow, meter);
  slow.clock_us = 123;
  EXPECT_EQ(sys.now().monotonic_us, 123);
  EXPECT_EQ(sys.now().wall_s, 5);
  EXPECT_EQ(sys.monotonic_us(), 123);
}

TEST(Sys, TellsTheSameTimeByBothItsClocks) {
  Sys sys;
  const std::int64_t before = sys.monotonic_us();
  const std::int64_t between = sys.now().monotonic_us;
  EXPECT_LE(before, between);
  EXPECT_LE(between, sys.monotonic_us());
}

// The connection says what it is about before it opens the file, since opening may stall.
TEST(Connection, TellsTheMeterWhatItsRequestIsAbout) {
  FakeLoop loop(TestSite::resources());
  StallMeter meter;
  loop.context.stalls = &meter;
  FakeClient client(loop);
  client.says("GET /static/a.txt?b HTTP/1.1\r\nHost: h\r\n\r\n");
  meter.turn_begins(0);
  meter.visit_begins(1, client.connection().target());
  client.play();
  meter.mark(Work::Sendfile, 1'000);
  meter.visit_ends(1'000);
  std::ignore = meter.turn_ends(1'000);
  EXPECT_EQ(meter.figures().longest.blame.address, "/static/a.txt?b");
}

TEST(Connection, NamesTheAddressOfAnAnswerUnderWay) {
  FakeLoop loop(TestSite::resources());
  FakeClient client(loop);
  client.peer().room = 1000;
  EXPECT_EQ(client.connection().target(), "");
  client.says("GET /static/big.bin HTTP/1.1\r\nHost: h\r\n\r\n");
  client.play();
  EXPECT_EQ(client.connection().target(), "/static/big.bin");
  client.peer().room = FaultySys::kNoLimit;
  client.play();
  EXPECT_EQ(client.connection().target(), "") << "it is answered";
}

}  // namespace
}  // namespace aws
