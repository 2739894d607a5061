// HelperThreads: a few threads for calls that may sleep (open(2) of a path that is not cached, a
// read that cannot be done without waiting), so that the event loop never does.
//
//   Errand         one piece of such work; a member of its user, or owned by it
//   HelperThreads  the threads, their queue, and the eventfd that announces what is done
//
// An errand's life:
//
//   start() ──> InLine ── room in the queue ──> Out: run() on a helper ── reap() ──> returned()
//
// An errand that is Out cannot be called back, and uses what belongs to whoever sent it. So it
// names an owner, and the owner must not die while works_for(owner): see Server::bury().
//
// The loop's thread alone calls everything here but Errand::run() and close_later().
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "os/intrusive_list.h"
#include "os/sys.h"
#include "os/unique_fd.h"

namespace aws {

class Errand : public Link {
 public:
  virtual ~Errand() = default;  // not while it is Out

  [[nodiscard]] bool under_way() const { return state_ != State::Home; }

 private:
  friend class HelperThreads;
  enum class State : std::uint8_t { Home, InLine, Out };

  // The work, on a helper thread: may sleep; touches nothing that the loop may touch meanwhile.
  virtual void run(Sys& sys) noexcept = 0;

  // On the loop's thread, when the work is done: appends to `ready` whoever waited for it.
  virtual void returned(std::vector<void*>& ready) = 0;

  State state_ = State::Home;
  const void* owner_ = nullptr;
};

class HelperThreads {
 public:
  // `queue` (>= 1) bounds the errands that are handed over at a time; more wait in line, in order.
  // `sys` is what errands make their calls with: safe from any thread; it outlives this. Throws
  // std::system_error if there can be no thread.
  HelperThreads(Sys& sys, std::size_t threads, std::size_t queue);
  ~HelperThreads();
  HelperThreads(const HelperThreads&) = delete;
  HelperThreads& operator=(const HelperThreads&) = delete;

  // Readable when errands are done.
  [[nodiscard]] int event_fd() const { return event_fd_.get(); }

  // Has `errand`, which is Home, run for `owner`.
  void start(Errand& errand, const void* owner);

  // Takes an errand that no helper has got yet out of the line. False: it is Out, or at Home.
  bool withdraw(Errand& errand);

  // Has a helper close `file`: when it is the last descriptor of a file that has no name any more,
  // close(2) frees the file's blocks, which takes long. Any thread may call this.
  void close_later(UniqueFd file);

  // Takes in what is done; appends to `ready` who waited for it. Never waits.
  void reap(std::vector<void*>& ready);

  // Waits until no errand is Out: for the end of a loop, when all owners are gone.
  void drain();

  // Whether an errand of `owner` is Out.
  [[nodiscard]] bool works_for(const void* owner) const;

  // How many errands are Out.
  [[nodiscard]] std::size_t errands_out() const { return out_.size(); }

  struct Counters {
    std::uint64_t errands = 0;
    std::uint64_t waited = 0;  // of these, in line, since the queue was full
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  void hand_over();
  void work() noexcept;

  Sys& sys_;
  UniqueFd event_fd_;
  const std::size_t queue_limit_;
  IntrusiveList<Errand> line_;
  std::vector<Errand*> out_;  // at most queue_limit_
  Counters counters_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::vector<Errand*> to_do_;  // first come, first served
  std::vector<Errand*> done_;
  std::vector<UniqueFd> to_close_;
  bool ending_ = false;

  std::vector<std::thread> threads_;
};

}  // namespace aws
