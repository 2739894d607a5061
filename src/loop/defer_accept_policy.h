// DeferAcceptPolicy: whether so many clients connect that it pays to accept them only after they
// have sent their request (TCP_DEFER_ACCEPT, tcp(7)).
//
// A client that is accepted before its request is there costs an iteration of the loop that finds
// nothing to read, and often one more sleep and wake-up: a quarter of what a connection for a
// single request costs (docs/performance.md has the figures). A client that the kernel holds back
// costs none of these, but is neither visible (to lsof, for example) nor told when the server
// stops. So clients are held back only while very many arrive.
//
// Pure: the caller passes the time, in microseconds.
#pragma once

#include <cstdint>

namespace aws {

class DeferAcceptPolicy {
 public:
  static constexpr int kThreshold = 1000;  // arrivals within a window
  static constexpr std::int64_t kWindowUs = 1'000'000;

  // Switches on as soon as enough clients have arrived within a window.
  void note_arrival(std::int64_t now_us) {
    update(now_us);
    if (++arrivals_ >= kThreshold) is_on_ = true;
  }

  // Switches off after the first whole window in which fewer arrived.
  void update(std::int64_t now_us) {
    if (now_us < next_update_us_) return;
    is_on_ = is_on_ && arrivals_ >= kThreshold;
    arrivals_ = 0;
    next_update_us_ = now_us + kWindowUs;
  }

  [[nodiscard]] bool is_on() const { return is_on_; }
  [[nodiscard]] std::int64_t next_update_us() const { return next_update_us_; }

 private:
  bool is_on_ = false;
  int arrivals_ = 0;
  std::int64_t next_update_us_ = 0;
};

}  // namespace aws
