// Rush: whether clients come in such numbers that it pays not to meet them before they have asked
// something.
//
// Who is let in at once costs a turn of the loop that finds nothing to read yet, and often a sleep
// and a waking, too: a quarter of what a connection for a single request costs (docs/performance.md
// has the figures). Who is kept back until its request is here costs none of these, but is not seen
// meanwhile, nor told of it if the server stops. So that is for a rush, and at all other times
// whoever connects is let in.
//
// Pure: times are told, in microseconds.
#pragma once

#include <cstdint>

namespace aws {

class Rush {
 public:
  static constexpr int kFrom = 1000;  // arrivals within a window
  static constexpr std::int64_t kWindowUs = 1'000'000;

  // Begins as soon as enough have come within a window.
  void note_arrival(std::int64_t now_us) {
    judge(now_us);
    if (++arrivals_ >= kFrom) is_on_ = true;
  }

  // Ends with the first whole window in which fewer came.
  void judge(std::int64_t now_us) {
    if (now_us < next_judgement_us_) return;
    is_on_ = is_on_ && arrivals_ >= kFrom;
    arrivals_ = 0;
    next_judgement_us_ = now_us + kWindowUs;
  }

  [[nodiscard]] bool is_on() const { return is_on_; }
  [[nodiscard]] std::int64_t next_judgement_us() const { return next_judgement_us_; }

 private:
  bool is_on_ = false;
  int arrivals_ = 0;
  std::int64_t next_judgement_us_ = 0;
};

}  // namespace aws
