// TimedSys: a Sys that tells a StallMeter how long each call took.
//
// It reads the clock before and after each call. That slows small requests down, which consist of a
// few calls, so a loop uses it only on request (StallWatch::times_calls).
#pragma once

#include "loop/stall_meter.h"
#include "os/sys.h"

namespace aws {

class TimedSys final : public Sys {
 public:
  // `real` makes the calls and is the clock. Both must outlive it.
  TimedSys(Sys& real, StallMeter& meter) : real_(real), meter_(meter) {}

#define SYS_CALL(kind, result, name, parameters, arguments, traced_as) \
  result name parameters noexcept override {                           \
    const Timer timer(*this, Work::kind);                              \
    return real_.name arguments;                                       \
  }
#include "os/sys_calls.def"

  Moment now() noexcept override {
    return real_.now();
  }
  std::int64_t monotonic_us() noexcept override {
    return real_.monotonic_us();
  }

 private:
  // Marks the beginning and the end of a call.
  class Timer {
   public:
    Timer(TimedSys& sys, Work work) : sys_(sys), work_(work) { mark(Work::Own); }
    ~Timer() { mark(work_); }
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

   private:
    void mark(Work work) { sys_.meter_.mark(work, sys_.real_.monotonic_us()); }
    TimedSys& sys_;
    Work work_;
  };

  Sys& real_;
  StallMeter& meter_;
};

}  // namespace aws
