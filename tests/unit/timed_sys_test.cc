#include "loop/timed_sys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

namespace aws {
namespace {

using testing::ElementsAre;

constexpr std::int64_t kCallUs = 70;
constexpr int kResult = 42;

// An argument of a call as a number by which it can be told from others.
template <typename Argument>
std::int64_t number_of(const Argument& argument) {
  if constexpr (std::is_integral_v<Argument>) {
    return static_cast<std::int64_t>(argument);
  } else if constexpr (std::is_pointer_v<Argument>) {
    return reinterpret_cast<std::int64_t>(argument);
  } else if constexpr (requires { argument.data(); }) {
    return reinterpret_cast<std::int64_t>(argument.data());
  } else {
    return reinterpret_cast<std::int64_t>(&argument);
  }
}

template <typename... Arguments>
std::vector<std::int64_t> numbers_of(const Arguments&... arguments) {
  return {number_of(arguments)...};
}

// Each call takes kCallUs of its own clock and returns kResult.
class SlowSys final : public Sys {
 public:
#define SYS_CALL(kind, result, name, parameters, arguments, traced_as) \
  result name parameters noexcept override {                           \
    return call<result>(SysCall::kind, numbers_of arguments);          \
  }
#include "os/sys_calls.def"
  Moment now() noexcept override {
    return {.monotonic_us = clock_us, .wall_s = 5, .wall_ns = 6};
  }
  std::int64_t monotonic_us() noexcept override {
    return clock_us;
  }

  std::int64_t clock_us = 1'000'000;
  std::vector<SysCall> calls;
  std::vector<std::int64_t> arguments;  // of the last call

 private:
  template <typename Result>
  Result call(SysCall kind, std::vector<std::int64_t> numbers) {
    clock_us += kCallUs;
    calls.push_back(kind);
    arguments = std::move(numbers);
    return static_cast<Result>(kResult);
  }
};

// A value for an argument, unlike those made before.
template <typename Argument>
std::remove_cvref_t<Argument> some() {
  using Value = std::remove_cvref_t<Argument>;
  static std::array<char, 64> memory;
  static int made = 0;
  made = made % 60 + 2;
  if constexpr (std::is_integral_v<Value>) {
    return static_cast<Value>(made);
  } else if constexpr (std::is_same_v<Value, const char*>) {
    return memory.data() + made;
  } else if constexpr (std::is_constructible_v<Value, char*, std::size_t>) {
    return Value(memory.data() + made, 1);
  } else {
    return Value{};
  }
}

struct Made {
  std::int64_t result = 0;
  std::vector<std::int64_t> arguments;
};

// Makes a call with arguments of any value.
template <typename Result, typename... Parameters>
Made make(Sys& sys, Result (Sys::*call)(Parameters...) noexcept) {
  std::tuple<std::remove_cvref_t<Parameters>...> values{some<Parameters>()...};
  return std::apply(
      [&](auto&... value) {
        std::int64_t result = kResult;
        if constexpr (std::is_void_v<Result>) {
          (sys.*call)(value...);
        } else {
          result = static_cast<std::int64_t>((sys.*call)(value...));
        }
        return Made{result, numbers_of(value...)};
      },
      values);
}

// A row of sys_calls.def.
struct Row {
  SysCall call;
  std::string_view traced_as;
  Made (*make)(Sys&);
};

constexpr Row kRows[] = {
#define SYS_CALL(kind, result, name, parameters, arguments, traced_as) \
  {SysCall::kind, traced_as, [](Sys& sys) { return make(sys, &Sys::name); }},
#include "os/sys_calls.def"
};

TEST(TimedSys, TellsOfEveryCallThatItTookTheTime) {
  static_assert(std::size(kRows) == static_cast<std::size_t>(SysCall::kCount));
  for (const Row& row : kRows) {
    SlowSys slow;
    StallMeter meter;
    TimedSys sys(slow, meter);
    meter.turn_begins(sys.now().monotonic_us);
    meter.visit_begins(7, "/x");
    row.make(sys);
    meter.visit_ends(sys.monotonic_us());
    std::ignore = meter.turn_ends(sys.monotonic_us());
    const Stall& longest = meter.figures().longest;
    EXPECT_EQ(longest.held_us, kCallUs) << row.traced_as;
    EXPECT_EQ(longest.blame.us, kCallUs) << row.traced_as;
    EXPECT_EQ(static_cast<int>(longest.blame.work), static_cast<int>(row.call));
    EXPECT_EQ(name(longest.blame.work), row.traced_as);
  }
}

TEST(TimedSys, PassesEveryCallOnWithItsArgumentsAndItsResult) {
  for (const Row& row : kRows) {
    SlowSys slow;
    StallMeter meter;
    TimedSys sys(slow, meter);
    const Made made = row.make(sys);
    EXPECT_THAT(slow.calls, ElementsAre(row.call)) << row.traced_as;
    EXPECT_EQ(made.result, kResult) << row.traced_as;
    EXPECT_EQ(made.arguments.size(), slow.arguments.size());
    EXPECT_EQ(made.arguments, slow.arguments) << row.traced_as;
  }
}

TEST(TimedSys, DoesNotBlameACallForTheWorkBeforeIt) {
  for (const Row& row : kRows) {
    SlowSys slow;
    StallMeter meter;
    TimedSys sys(slow, meter);
    meter.turn_begins(slow.clock_us);
    slow.clock_us += 10 * kCallUs;  // something is encoded
    row.make(sys);
    std::ignore = meter.turn_ends(slow.clock_us);
    EXPECT_EQ(name(meter.figures().longest.blame.work), "our own work") << row.traced_as;
    EXPECT_EQ(meter.figures().longest.blame.us, 10 * kCallUs) << row.traced_as;
  }
}

TEST(Work, NamesEveryCallAsTheTraceDoes) {
  for (const Row& row : kRows) {
    EXPECT_EQ(name(row.call), row.traced_as);
    EXPECT_EQ(name(static_cast<Work>(row.call)), row.traced_as);
  }
  EXPECT_EQ(name(Work::Any), "");
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

}  // namespace
}  // namespace aws
