// Timeouts: which session has waited too long.
//
// Each kind of timeout has one limit and one list. A session that starts to wait goes to the end of
// its kind's list, so each list is ordered by time, and only its front needs to be looked at.
//
// It knows neither sessions nor the clock. One thread.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <limits>
#include <memory>
#include <tuple>
#include <vector>

#include "os/intrusive_list.h"

namespace aws {

// One of the kinds that Timeouts::add_kind() made. 0 is always there and never expires.
enum class TimeoutKind : std::uint8_t {};
constexpr TimeoutKind kNoTimeout{0};

// Base of what can time out.
class TimeoutEntry : public Link {
 public:
  [[nodiscard]] TimeoutKind timeout_kind() const { return kind_; }
  // Since when (Moment::monotonic_us) it has been waiting.
  [[nodiscard]] std::int64_t waiting_since_us() const { return since_us_; }

 protected:
  TimeoutEntry(TimeoutKind kind, std::int64_t now_us) : since_us_(now_us), kind_(kind) {}
  ~TimeoutEntry() = default;

  // Takes effect with the next Timeouts::restart().
  void start_timeout(TimeoutKind kind, std::int64_t now_us) {
    kind_ = kind;
    since_us_ = now_us;
  }

 private:
  friend class Timeouts;
  std::int64_t since_us_;
  TimeoutKind kind_;
};

class Timeouts {
 public:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  Timeouts() { std::ignore = add_kind(kNever); }

  // A kind whose entries expire after `limit_us` (> 0) microseconds (kNever: do not).
  [[nodiscard]] TimeoutKind add_kind(std::int64_t limit_us) {
    assert(limit_us > 0);
    kinds_.push_back(std::make_unique<Kind>(limit_us));
    return static_cast<TimeoutKind>(kinds_.size() - 1);
  }
  void set_limit(TimeoutKind kind, std::int64_t limit_us) {
    assert(limit_us > 0);
    at(kind).limit_us = limit_us;
  }

  // Moves `entry` to the end of its kind's list: its waiting time has just begun.
  void restart(TimeoutEntry& entry) { at(entry.kind_).entries.push_back(entry); }
  // The same, for an entry that has not noticed: its waiting time begins at `now_us`.
  void restart(TimeoutEntry& entry, std::int64_t now_us) {
    entry.since_us_ = now_us;
    restart(entry);
  }

  // An entry whose limit has passed at `now_us`; nullptr if there is none.
  [[nodiscard]] TimeoutEntry* expired(std::int64_t now_us) const {
    for (const auto& kind : kinds_) {
      TimeoutEntry* const entry = kind->entries.front();
      if (entry != nullptr && deadline_us(*kind, *entry) <= now_us) return entry;
    }
    return nullptr;
  }

  // When the first entry will expire; kNever if none will.
  [[nodiscard]] std::int64_t next_deadline_us() const {
    std::int64_t next_us = kNever;
    for (const auto& kind : kinds_) {
      const TimeoutEntry* const entry = kind->entries.front();
      if (entry != nullptr) next_us = std::min(next_us, deadline_us(*kind, *entry));
    }
    return next_us;
  }

  // The entry of this kind that has waited longest, or nullptr.
  [[nodiscard]] TimeoutEntry* longest_waiting(TimeoutKind kind) { return at(kind).entries.front(); }
  // Any entry at all, or nullptr.
  [[nodiscard]] TimeoutEntry* any() const {
    for (const auto& kind : kinds_) {
      if (TimeoutEntry* const entry = kind->entries.front()) return entry;
    }
    return nullptr;
  }

 private:
  struct Kind {
    explicit Kind(std::int64_t limit) : limit_us(limit) {}
    std::int64_t limit_us;
    IntrusiveList<TimeoutEntry> entries;
  };

  [[nodiscard]] static std::int64_t deadline_us(const Kind& kind, const TimeoutEntry& entry) {
    return kind.limit_us == kNever ? kNever : entry.since_us_ + kind.limit_us;
  }
  [[nodiscard]] Kind& at(TimeoutKind kind) { return *kinds_[static_cast<std::size_t>(kind)]; }

  std::vector<std::unique_ptr<Kind>> kinds_;  // an IntrusiveList cannot be moved
};

}  // namespace aws
