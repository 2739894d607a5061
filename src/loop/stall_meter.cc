#include "loop/stall_meter.h"

#include <utility>

namespace aws {

void StallFigures::add(const StallFigures& other) {
  turns.add(other.turns);
  if (other.longest.held_us > longest.held_us) longest = other.longest;
  over_limit += other.over_limit;
  slept += other.slept;
}

void StallMeter::turn_begins(std::int64_t now_us) {
  began_us_ = marked_us_ = now_us;
  turn_.visits = 0;
  turn_.blame.us = -1;  // whatever is marked first is more
  serves_several_ = false;
  attribute_to(0, "");
}

void StallMeter::visit_begins(std::uint64_t connection, std::string_view address) {
  if (turn_.visits > 0 && connection != connection_) serves_several_ = true;
  ++turn_.visits;
  attribute_to(connection, address);
}

void StallMeter::mark(Work work, std::int64_t now_us) {
  has_marks_ = true;
  std::int64_t& spent = spent_us_[static_cast<std::size_t>(work)];
  spent += now_us - marked_us_;
  marked_us_ = now_us;
  if (spent <= turn_.blame.us) return;
  turn_.blame.work = work;
  turn_.blame.us = spent;
  turn_.blame.connection = connection_;
  turn_.blame.address = address_;
}

void StallMeter::visit_ends(std::int64_t now_us) {
  mark(between_calls_, now_us);
  attribute_to(0, "");  // the loop itself
}

const Stall* StallMeter::turn_ends(std::int64_t now_us) {
  if (between_calls_ == Work::Any && serves_several_) attribute_to(0, "");
  mark(between_calls_, now_us);
  turn_.held_us = now_us - began_us_;
  turn_.untold = 0;
  figures_.turns.add(turn_.held_us);
  if (turn_.held_us > figures_.longest.held_us) figures_.longest = turn_;
  if (turn_.held_us <= limit_us_) return nullptr;
  ++figures_.over_limit;
  if (now_us < quiet_until_us_) {
    ++untold_;
    return nullptr;
  }
  quiet_until_us_ = now_us + kQuietUs;
  turn_.untold = std::exchange(untold_, 0);
  return &turn_;
}

void StallMeter::attribute_to(std::uint64_t connection, std::string_view address) {
  connection_ = connection;
  if (!address.empty() || !address_.empty()) address_ = address.substr(0, kAddressKept);
  if (!std::exchange(has_marks_, false)) return;
  if (between_calls_ == Work::Any) {  // there are no marks of other kinds
    spent_us_[static_cast<std::size_t>(Work::Any)] = 0;
  } else {
    spent_us_.fill(0);
  }
}

void StallMeter::falls_asleep(std::int64_t sleeps) {
  if (sleeps_at_wake_ >= 0) figures_.slept += sleeps - sleeps_at_wake_;
}

}  // namespace aws
