// StallMeter: how long a loop's turns took, and what took the longest.
//
// A turn is what a loop does between two waits; nobody else is served meanwhile. It consists of
// visits, one connection handed one event each, and of what the loop does for itself between them.
// Within a visit, time is counted by request and kind of work; the largest such sum of a turn is
// its blame.
//
//   turn_begins ─ visit_begins ─ mark(Recv) ─ mark(Sendfile) ─ visit_ends ─ … ─ turn_ends
//
// A mark stands at a work's end: what passed since the mark before belongs to it. turn_begins,
// visit_ends and turn_ends are marks, too. Unless calls are timed there are no others, nor ends of
// visits: so that a turn costs two readings of the clock, however many it serves. All of it is then
// blamed on the connection that it served, if that was one alone, and on no call.
//
// The meter itself has no clock, makes no call and prints nothing. The loop's thread writes; others
// may read the figures once the loop has ended.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "loop/duration_histogram.h"
#include "loop/work.h"

namespace aws {

// How closely a loop watches its own turns; from the command line.
struct StallWatch {
  static constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

  std::int64_t limit_us = kNoLimit;  // a longer turn is a stall that is to be told
  bool times_calls = false;          // a mark before and behind each kernel call, and each visit
  bool counts_sleeps = false;        // at two system calls a turn
};

// The largest part of a turn that one kind of work took for one connection.
struct Blame {
  Work work = Work::Any;
  std::int64_t us = 0;
  std::uint64_t connection = 0;  // 0: none, or who knows which (an io_submit is for many)
  std::string address;           // of its request, as it came, cut at kAddressKept; empty: unknown
};

// A turn that took long.
struct Stall {
  std::int64_t held_us = 0;  // the whole turn
  std::uint64_t visits = 0;  // events that were handed to connections
  std::uint64_t untold = 0;  // stalls since the last that was told, but this one
  Blame blame;
};

// What is known of a loop's turns, or of several loops'.
struct StallFigures {
  void add(const StallFigures& other);

  DurationHistogram turns;
  Stall longest;
  std::uint64_t over_limit = 0;  // turns
  std::int64_t slept = 0;        // how often the thread slept outside its waits; if it was counted
};

class StallMeter {
 public:
  static constexpr std::int64_t kQuietUs = 1'000'000;  // between two stalls that are told
  static constexpr std::size_t kAddressKept = 120;

  explicit StallMeter(const StallWatch& watch = {})
      : limit_us_(watch.limit_us), between_calls_(watch.times_calls ? Work::Own : Work::Any) {}

  // All times are Moment::monotonic_us, and never fall.
  void turn_begins(std::int64_t now_us);
  void visit_begins(std::uint64_t connection, std::string_view address);
  // A request is there: what follows in this visit is about its target.
  void visit_is_about(std::string_view address) { attribute_to(connection_, address); }
  // The time since the last mark was spent on `work`.
  void mark(Work work, std::int64_t now_us);
  // Only where calls are timed.
  void visit_ends(std::int64_t now_us);
  // The stall that this turn was, if it is to be told; valid until the next turn begins. At most
  // one in kQuietUs is; Stall::untold counts those between.
  [[nodiscard]] const Stall* turn_ends(std::int64_t now_us);

  // Around each wait, with the number of times that the thread has slept so far
  // (getrusage(2): ru_nvcsw): sleeps between wakes() and falls_asleep() are not the wait's.
  void falls_asleep(std::int64_t sleeps);
  void wakes(std::int64_t sleeps) { sleeps_at_wake_ = sleeps; }

  [[nodiscard]] const StallFigures& figures() const { return figures_; }

 private:
  static constexpr auto kKinds = static_cast<std::size_t>(Work::kCount);

  void attribute_to(std::uint64_t connection, std::string_view address);

  std::int64_t limit_us_;
  Work between_calls_;
  std::int64_t began_us_ = 0;
  std::int64_t marked_us_ = 0;
  bool serves_several_ = false;  // connections, in this turn
  std::uint64_t connection_ = 0;
  std::string address_;
  std::array<std::int64_t, kKinds> spent_us_{};  // on this request, by kind of work
  bool has_marks_ = false;                       // whether any of these is not 0
  Stall turn_;                                   // the one under way

  std::int64_t quiet_until_us_ = 0;
  std::uint64_t untold_ = 0;
  std::int64_t sleeps_at_wake_ = -1;  // nobody counts, or not yet
  StallFigures figures_;
};

}  // namespace aws
