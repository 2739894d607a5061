#include "os/residency.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <deque>
#include <utility>

#include "os/file_system.h"
#include "os/mount_points.h"
#include "os/saturating.h"

namespace aws {
namespace {

off_t last_block(off_t end) {
  const auto block = static_cast<off_t>(AioContext::kSentinelSize);
  return (end - 1) / block * block;
}

}  // namespace

// What was undertaken to get a window in.
struct Residency::Announcement {
  Announcement(AioContext& aio, Completion& completion)
      : read(aio, completion, AioRead::Use::Sentinel) {}

  static constexpr std::uint64_t kNoWindow = ~std::uint64_t{0};
  std::uint64_t index = kNoWindow;
  AioRead read;
  int rounds = 0;
  bool by_helper = false;
  bool looked_at = false;  // ahead of its need: it was there, or was sent for
};

// Asks which file system the file is on: statfs(2) of a network file system may take long.
struct Residency::Study final : public Task {
  explicit Study(int open_file) : file(open_file) {}

  void run(Sys& sys) noexcept override { file_system = sys.file_system_of(file); }
  [[nodiscard]] std::string path() const override { return path_of(file); }
  void finished(CompletionList& ready) override {
    done = true;
    Task::finished(ready);
  }

  const int file;
  std::int64_t file_system = 0;
  bool done = false;
};

struct Residency::Cold {
  Cold(AioContext& aio, Completion& completion) {
    for (std::size_t i = 0; i <= kAhead; ++i)
      announcements.emplace_back(aio, completion);
  }

  UniqueFd direct;  // the file once more, with O_DIRECT
  bool lacks_direct = false;
  std::deque<Announcement> announcements;  // by index, modulo their number
  std::unique_ptr<Study> study;
};

Residency::Residency(DiskIo& disk, int file, Completion& completion)
    : disk_(disk), file_(file), completion_(completion) {}

Residency::~Residency() = default;

void Residency::aim(off_t offset, std::uint64_t length) {
  begin_ = offset;
  end_ = saturating_add(offset, static_cast<off_t>(length));
  resident_end_ = 0;
  if (cold_ == nullptr) return;
  for (Announcement& announcement : cold_->announcements)
    announcement.index = Announcement::kNoWindow;
}

void Residency::missed(off_t offset, std::size_t length) {
  disk_.read_ahead(file_, offset, saturating_add(offset, static_cast<off_t>(length)));
}

std::int64_t Residency::ready(off_t offset, std::uint64_t wanted) {
  assert(offset >= begin_ && offset < end_);
  const auto most = static_cast<std::uint64_t>(end_ - offset);
  const auto aimed = static_cast<off_t>(std::min(wanted, most));
  if (offset >= resident_end_) {
    const auto index = static_cast<std::uint64_t>((offset - begin_) / kWindow);
    Window needed = window(index);
    const off_t window_end = needed.end;
    needed.begin = offset;
    int error = 0;
    if (!admit(needed, error)) return error;
    resident_end_ = window_end;
    if (cold_ == nullptr) {
      take_in(offset + aimed);
    } else if (medium_ == Medium::HasNowait) {
      look_ahead(index);
    }
  }
  return std::min(resident_end_ - offset, aimed);
}

// Of a file of which nothing was ever missing: as many windows more, up to `end`, as are there.
void Residency::take_in(off_t end) {
  while (resident_end_ < end) {
    const Window next = window(static_cast<std::uint64_t>((resident_end_ - begin_) / kWindow));
    const bool waits = !disk_.is_plain() && medium_ != Medium::Memory;
    if (waits && disk_.probe(file_, next.begin, next.end) != DiskIo::Answer::Resident) return;
    if (waits) ++disk_.counters().resident;
    resident_end_ = next.end;
  }
}

// Whether `window` can be read now; false with `error` 0: the completion will be notified.
bool Residency::admit(const Window& window, int& error) {
  if (disk_.is_plain() || medium_ == Medium::Memory) return true;
  if (cold_ != nullptr) {
    Announcement& announcement = announcement_of(window.index);
    if (announcement.by_helper && announcement.read.done()) {
      error = static_cast<int>(std::min<ssize_t>(announcement.read.result(), 0));
      return error == 0;
    }
  }
  if (medium_ == Medium::HasNowait) {
    switch (disk_.probe(file_, window.begin, window.end)) {
      case DiskIo::Answer::Resident:
        if (cold_ == nullptr) ++disk_.counters().resident;
        return true;
      case DiskIo::Answer::Missing:
        return await(window, announcement_of(window.index));
      case DiskIo::Answer::Unknown:
        if (!study()) return false;
        return admit(window, error);
    }
  }
  return await(window, announcement_of(window.index));
}

// Has `window` announced, by a sentinel or a thread. Returns false: the caller waits.
bool Residency::await(const Window& window, Announcement& announcement) {
  AioRead& read = announcement.read;
  DiskIo::Counters& counters = disk_.counters();
  if (read.started() && !read.done()) {  // it was sent ahead
    read.notify();
    return false;
  }
  const bool was_sent = read.done();
  const ssize_t result = was_sent ? read.result() : 0;
  read.release();
  if (medium_ == Medium::LacksNowait) {
    ++counters.silent;
    send_helper(window, announcement);
  } else if (result < 0) {
    ++counters.refused;
    send_helper(window, announcement);
  } else if (!has_direct()) {
    ++counters.no_direct;
    send_helper(window, announcement);
  } else if (announcement.rounds >= kRounds) {
    ++counters.gave_up;
    send_helper(window, announcement);
  } else {
    ++(was_sent ? counters.again : counters.announced);
    send_sentinel(window, announcement);
  }
  read.notify();
  return false;
}

void Residency::send_sentinel(const Window& window, Announcement& announcement) {
  ++announcement.rounds;
  disk_.read_ahead(file_, window.begin, window.end);
  // NoWait: before it reads past the page cache, O_DIRECT would wait for what is dirty there.
  announcement.read.start(cold().direct.get(), last_block(window.end), AioContext::kSentinelSize,
                          ReadMode::NoWait);
}

void Residency::send_helper(const Window& window, Announcement& announcement) {
  ++disk_.counters().to_helper;
  if (medium_ == Medium::HasNowait) disk_.read_ahead(file_, window.begin, window.end);
  announcement.by_helper = true;
  announcement.read.start(file_, window.begin, static_cast<std::size_t>(window.end - window.begin),
                          ReadMode::OnHelper);
}

// Has the windows after `index` on their way before they are needed.
void Residency::look_ahead(std::uint64_t index) {
  const std::uint64_t last = std::min(index + kAhead, last_window());
  for (std::uint64_t next = index + 1; next <= last; ++next) {
    const Window ahead = window(next);
    if (!has_direct()) return;
    Announcement& announcement = announcement_of(next);
    if (std::exchange(announcement.looked_at, true)) continue;
    if (disk_.probe(file_, ahead.begin, ahead.end) != DiskIo::Answer::Missing) continue;
    ++disk_.counters().ahead;
    send_sentinel(ahead, announcement);
  }
}

// `index` is last_window() at most: an offset beyond the end need not fit in an off_t.
Residency::Window Residency::window(std::uint64_t index) const {
  const off_t begin = begin_ + static_cast<off_t>(index) * kWindow;
  return {index, begin, begin + std::min(kWindow, end_ - begin)};
}

// Of an aim that is not empty.
std::uint64_t Residency::last_window() const {
  return static_cast<std::uint64_t>((end_ - 1 - begin_) / kWindow);
}

// The one that is about window `index`; fresh, if it was about another.
Residency::Announcement& Residency::announcement_of(std::uint64_t index) {
  Announcement& announcement = cold().announcements[index % (kAhead + 1)];
  if (announcement.index != index) {
    announcement.read.release();
    announcement.index = index;
    announcement.rounds = 0;
    announcement.by_helper = false;
    announcement.looked_at = false;
  }
  return announcement;
}

Residency::Cold& Residency::cold() {
  if (cold_ == nullptr) cold_ = std::make_unique<Cold>(disk_.aio(), completion_);
  return *cold_;
}

bool Residency::has_direct() {
  Cold& state = cold();
  if (!state.direct && !state.lacks_direct) {
    state.direct = UniqueFd(disk_.sys().reopen_direct(file_));
    state.lacks_direct = !state.direct;
  }
  return !state.lacks_direct;
}

// ---- The medium

ReadMode Residency::read_mode() const {
  if (disk_.is_plain() || medium_ == Medium::Memory) return ReadMode::MayWait;
  return medium_ == Medium::HasNowait ? ReadMode::NoWait : ReadMode::OnHelper;
}

bool Residency::study() {
  struct stat status {};
  const dev_t device = disk_.sys().fstat(file_, status) == 0 ? status.st_dev : 0;
  std::optional<Medium> medium = disk_.medium_of(device);
  if (!medium) {
    std::unique_ptr<Study>& study = cold().study;
    if (study == nullptr) {
      study = std::make_unique<Study>(file_);
      disk_.threads().start(*study, completion_);
    }
    if (!study->done) return false;
    medium = lives_in_memory(study->file_system) ? Medium::Memory : Medium::LacksNowait;
    disk_.learn(device, *medium);
  }
  medium_ = *medium;
  if (medium_ == Medium::Memory) ++disk_.counters().memory_files;
  return true;
}

}  // namespace aws
