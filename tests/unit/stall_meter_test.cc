#include "loop/stall_meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "loop/stall_report.h"

namespace aws {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// A turn in which connection `id` sent a file for `us` microseconds; what turn_ends() returned.
const Stall* turn_of(StallMeter& meter, std::int64_t began_us, std::int64_t us,
                     std::uint64_t id = 17) {
  meter.turn_begins(began_us);
  meter.visit_begins(id, "/static/x");
  meter.mark(Work::Sendfile, began_us + us);
  meter.visit_ends(began_us + us);
  return meter.turn_ends(began_us + us);
}

TEST(StallMeter, CountsTurnsAndNotTheWaitsBetweenThem) {
  StallMeter meter;
  turn_of(meter, 1'000, 10);
  turn_of(meter, 500'000, 12);
  EXPECT_EQ(meter.figures().turns.count(), 2U);
  EXPECT_EQ(meter.figures().turns.longest_us(), 12);
  EXPECT_EQ(meter.figures().longest.held_us, 12);
}

TEST(StallMeter, BlamesTheLongestCallAndItsConnection) {
  StallMeter meter({.times_calls = true});
  meter.turn_begins(100);
  meter.visit_begins(3, "/static/a");
  meter.mark(Work::Recv, 110);
  meter.mark(Work::Sendfile, 150);
  meter.visit_ends(155);
  meter.visit_begins(4, "");
  meter.mark(Work::Recv, 160);
  meter.visit_is_about("/static/b");
  meter.mark(Work::OpenBeneath, 860);
  meter.mark(Work::Sendfile, 900);
  meter.visit_ends(901);
  meter.mark(Work::AioSubmit, 903);
  std::ignore = meter.turn_ends(905);
  const Stall& longest = meter.figures().longest;
  EXPECT_EQ(longest.held_us, 805);
  EXPECT_EQ(longest.visits, 2U);
  EXPECT_EQ(longest.blame.work, Work::OpenBeneath);
  EXPECT_EQ(longest.blame.us, 700);
  EXPECT_EQ(longest.blame.connection, 4U);
  EXPECT_EQ(longest.blame.address, "/static/b");
}

TEST(StallMeter, AddsUpWhatOneConnectionDidByTheSameCall) {
  StallMeter meter({.times_calls = true});
  meter.turn_begins(0);
  meter.visit_begins(1, "/folder/");
  for (std::int64_t us = 0; us < 100; us += 10) {
    meter.mark(Work::StatAt, us + 6);
    meter.mark(Work::Own, us + 10);
  }
  meter.visit_ends(100);
  meter.visit_begins(2, "/other");
  meter.mark(Work::StatAt, 150);
  meter.visit_ends(150);
  std::ignore = meter.turn_ends(150);
  EXPECT_EQ(meter.figures().longest.blame.us, 60) << "another connection's are not added";
  EXPECT_EQ(meter.figures().longest.blame.connection, 1U);
}

TEST(StallMeter, TellsTheRequestsOfOneVisitApart) {
  StallMeter meter({.times_calls = true});
  meter.turn_begins(0);
  meter.visit_begins(1, "");
  meter.mark(Work::Recv, 50);
  meter.visit_is_about("/a");
  meter.mark(Work::Sendfile, 80);
  meter.visit_is_about("/b");
  meter.mark(Work::Sendfile, 110);
  meter.mark(Work::Recv, 120);
  meter.visit_ends(120);
  std::ignore = meter.turn_ends(120);
  const Blame& blame = meter.figures().longest.blame;
  EXPECT_EQ(blame.work, Work::Recv);
  EXPECT_EQ(blame.us, 50) << "neither is a request's recv another's, nor its sendfile";
  EXPECT_EQ(blame.address, "") << "the request was not there yet";
}

TEST(StallMeter, BlamesTheLoopItselfForWhatItDoesBetweenVisits) {
  StallMeter meter;
  meter.turn_begins(0);
  meter.visit_begins(1, "/dynamic/x");
  meter.visit_ends(20);
  meter.mark(Work::AioSubmit, 300);
  std::ignore = meter.turn_ends(310);
  const Blame& blame = meter.figures().longest.blame;
  EXPECT_EQ(blame.work, Work::AioSubmit);
  EXPECT_EQ(blame.us, 280);
  EXPECT_EQ(blame.connection, 0U);
  EXPECT_EQ(blame.address, "");
}

TEST(StallMeter, CountsWhatEndsInNoCallAsOwnWork) {
  StallMeter meter({.times_calls = true});
  meter.turn_begins(0);
  meter.visit_begins(9, "/dynamic/x");
  meter.mark(Work::Recv, 5);
  meter.visit_ends(500);
  std::ignore = meter.turn_ends(501);
  EXPECT_EQ(meter.figures().longest.blame.work, Work::Own);
  EXPECT_EQ(meter.figures().longest.blame.us, 495);
  EXPECT_EQ(meter.figures().longest.blame.connection, 9U);
}

TEST(StallMeter, BlamesWhoIsServedAloneWhereCallsAreNotTimed) {
  StallMeter meter;
  meter.turn_begins(0);
  meter.visit_begins(9, "/dynamic/x");
  meter.visit_begins(9, "/dynamic/y");  // a read came back within the turn
  std::ignore = meter.turn_ends(501);
  EXPECT_EQ(meter.figures().longest.blame.work, Work::Any);
  EXPECT_EQ(meter.figures().longest.blame.us, 501);
  EXPECT_EQ(meter.figures().longest.blame.connection, 9U);
  EXPECT_EQ(meter.figures().longest.blame.address, "/dynamic/y");
}

TEST(StallMeter, BlamesNobodyOfSeveralWhereCallsAreNotTimed) {
  StallMeter meter;
  meter.turn_begins(0);
  meter.visit_begins(8, "/static/x");
  meter.visit_begins(9, "/static/y");
  meter.visit_begins(9, "/static/y");
  std::ignore = meter.turn_ends(501);
  EXPECT_EQ(meter.figures().longest.blame.us, 501);
  EXPECT_EQ(meter.figures().longest.blame.connection, 0U);
  EXPECT_EQ(meter.figures().longest.blame.address, "");
  meter.turn_begins(1'000);
  meter.visit_begins(7, "");
  std::ignore = meter.turn_ends(2'000);
  EXPECT_EQ(meter.figures().longest.blame.connection, 7U) << "the next turn has another";
}

TEST(StallMeter, KeepsTheLongestTurnWithItsOwnBlame) {
  StallMeter meter;
  turn_of(meter, 0, 500, 1);
  turn_of(meter, 1'000, 900, 2);
  turn_of(meter, 2'000, 700, 3);
  EXPECT_EQ(meter.figures().longest.held_us, 900);
  EXPECT_EQ(meter.figures().longest.blame.connection, 2U);
}

TEST(StallMeter, CutsLongAddresses) {
  StallMeter meter;
  meter.turn_begins(0);
  meter.visit_begins(1, std::string(8000, 'x'));
  meter.visit_ends(10);
  std::ignore = meter.turn_ends(10);
  EXPECT_EQ(meter.figures().longest.blame.address, std::string(StallMeter::kAddressKept, 'x'));
}

TEST(StallMeter, TellsNothingWithoutALimit) {
  StallMeter meter;
  EXPECT_EQ(turn_of(meter, 0, 3'600'000'000), nullptr);
  EXPECT_EQ(meter.figures().over_limit, 0U);
}

TEST(StallMeter, TellsWhatIsLongerThanTheLimit) {
  StallMeter meter({.limit_us = 1'000, .times_calls = true});
  EXPECT_EQ(turn_of(meter, 0, 1'000), nullptr);
  const Stall* const told = turn_of(meter, 10'000, 1'001);
  ASSERT_NE(told, nullptr);
  EXPECT_EQ(told->held_us, 1'001);
  EXPECT_EQ(told->blame.connection, 17U);
  EXPECT_EQ(told->untold, 0U);
  EXPECT_EQ(meter.figures().over_limit, 1U);
}

TEST(StallMeter, TellsOneStallASecondAndCountsTheOthers) {
  StallMeter meter({.limit_us = 1'000, .times_calls = true});
  ASSERT_NE(turn_of(meter, 0, 2'000), nullptr);
  const std::int64_t quiet_until = 2'000 + StallMeter::kQuietUs;
  EXPECT_EQ(turn_of(meter, 10'000, 50'000), nullptr);
  EXPECT_EQ(turn_of(meter, quiet_until - 2'001, 2'000), nullptr);
  const Stall* const told = turn_of(meter, quiet_until - 2'000, 2'000);
  ASSERT_NE(told, nullptr);
  EXPECT_EQ(told->untold, 2U);
  EXPECT_EQ(meter.figures().over_limit, 4U);
  const Stall* const next = turn_of(meter, 10 * quiet_until, 2'000);
  ASSERT_NE(next, nullptr);
  EXPECT_EQ(next->untold, 0U);
}

TEST(StallMeter, CountsSleepsOutsideTheWaits) {
  StallMeter meter;
  meter.falls_asleep(40);  // what came before the first wait is nobody's
  meter.wakes(41);
  meter.falls_asleep(41);
  meter.wakes(45);
  EXPECT_EQ(meter.figures().slept, 0);
  meter.falls_asleep(48);
  meter.wakes(49);
  meter.falls_asleep(50);
  EXPECT_EQ(meter.figures().slept, 4);
}

TEST(StallFigures, AddUp) {
  StallMeter one({.limit_us = 100});
  StallMeter other({.limit_us = 100});
  turn_of(one, 0, 200, 1);
  turn_of(other, 0, 300, 2);
  turn_of(other, 1'000, 50, 3);
  other.wakes(0);
  other.falls_asleep(7);
  StallFigures sum = one.figures();
  sum.add(other.figures());
  sum.add(StallFigures());
  EXPECT_EQ(sum.turns.count(), 3U);
  EXPECT_EQ(sum.longest.held_us, 300);
  EXPECT_EQ(sum.longest.blame.connection, 2U);
  EXPECT_EQ(sum.over_limit, 2U);
  EXPECT_EQ(sum.slept, 7);
}

// ---- In words

Stall sample() {
  Stall stall;
  stall.held_us = 12'345;
  stall.visits = 1;
  stall.blame = {Work::Sendfile, 11'890, 17, "/static/x"};
  return stall;
}

TEST(StallReport, NamesTheCallTheConnectionAndTheAddress) {
  EXPECT_EQ(describe(sample()),
            "the loop was held for 12.3 ms, 11.9 ms of it by sendfile for connection 17 "
            "(/static/x)");
}

TEST(StallReport, LeavesOutWhatIsNotKnown) {
  Stall stall = sample();
  stall.blame = {Work::AioSubmit, 850, 0, ""};
  EXPECT_EQ(describe(stall), "the loop was held for 12.3 ms, 850 µs of it by io_submit");
  stall.blame = {Work::Any, 850, 17, "/static/x"};
  EXPECT_EQ(describe(stall),
            "the loop was held for 12.3 ms, 850 µs of it for connection 17 (/static/x)");
  stall.blame = {Work::Any, 850, 0, ""};
  EXPECT_THAT(describe(stall), EndsWith("850 µs of it for no single connection"));
  stall.blame = {Work::Own, 2'000'000, 3, ""};
  EXPECT_THAT(describe(stall), EndsWith("2.0 s of it by our own work for connection 3"));
}

TEST(StallReport, TellsHowManyEventsThereWereAndHowManyStallsWereNotTold) {
  Stall stall = sample();
  stall.visits = 50;
  stall.untold = 3;
  EXPECT_THAT(describe(stall),
              EndsWith("(/static/x), in a turn of 50 events; 3 stalls before it were not told"));
}

TEST(StallReport, EscapesWhatATerminalWouldObey) {
  Stall stall = sample();
  stall.blame.address = "/\x1b[2J\xc3\xa4 \x7f";
  EXPECT_THAT(describe(stall), EndsWith("(/%1B[2J%C3%A4%20%7F)"));
}

TEST(StallReport, SumsUpInALine) {
  StallMeter meter({.times_calls = true});
  for (std::int64_t i = 0; i < 999; ++i)
    turn_of(meter, i * 1'000, 8);
  turn_of(meter, 2'000'000, 1'300);
  EXPECT_EQ(summary(meter.figures()),
            "turns: 1000; p50 8 µs, p99 8 µs, p99.9 8 µs, longest 1.3 ms, 1.3 ms of it by "
            "sendfile for connection 17 (/static/x)");
}

TEST(StallReport, TellsInTheSumOfHowManyEventsTheLongestWas) {
  StallMeter meter;
  meter.turn_begins(0);
  meter.visit_begins(8, "/static/x");
  meter.visit_begins(9, "/static/y");
  std::ignore = meter.turn_ends(1'300);
  EXPECT_THAT(summary(meter.figures()),
              EndsWith("longest 1.3 ms, 1.3 ms of it for no single connection, in a turn of 2 "
                       "events"));
}

TEST(StallReport, TellsHowManyWereOverTheLimit) {
  StallMeter meter({.limit_us = 100});
  turn_of(meter, 0, 100);
  turn_of(meter, 1'000, 101);
  turn_of(meter, 2'000, 101);
  EXPECT_THAT(summary(meter.figures()), StartsWith("turns: 3 (2 over the limit); p50 "));
}

TEST(StallReport, DrawsALineForEachPowerOfTwo) {
  DurationHistogram turns;
  for (int i = 0; i < 98; ++i)
    turns.add(5);
  turns.add(20);
  turns.add(3'000);
  const std::string lines = drawing(turns);
  EXPECT_THAT(lines, Not(HasSubstr("<     4 µs"))) << "nothing was so short";
  EXPECT_THAT(lines, HasSubstr("<     8 µs           98 " + std::string(49, '#') + "\n"));
  EXPECT_THAT(lines, HasSubstr("<    16 µs            0 \n"));
  EXPECT_THAT(lines, HasSubstr("<    32 µs            1 #\n"));
  EXPECT_THAT(lines, EndsWith("<   4.1 ms            1 #\n"));
  EXPECT_EQ(drawing(DurationHistogram()), "");
}

}  // namespace
}  // namespace aws
