#include "faulty_sys.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace aws {
namespace {

// Stands for O_DIRECT, which the temporary folder may not know; without effect on who only reads.
constexpr int kDirectMark = O_APPEND;

bool is_direct(int file) {
  return (::fcntl(file, F_GETFL) & kDirectMark) != 0;
}

}  // namespace

class FaultySys::Turn {
 public:
  explicit Turn(FaultySys& sys) : lock_(sys.mutex_, std::defer_lock) {
    if (std::this_thread::get_id() == sys.loop_) return;
    lock_.lock();
    sys.gate_.wait(lock_, [&sys] { return sys.helpers_may_work_; });
  }

 private:
  std::unique_lock<std::mutex> lock_;
};

void FaultySys::let_helpers_work(bool may) {
  const std::lock_guard lock(mutex_);
  helpers_may_work_ = may;
  gate_.notify_all();
}

void FaultySys::note_sleep() {
  if (std::this_thread::get_id() == loop_) ++sleeps_;
}

UniqueFd FaultySys::connect() {
  UniqueFd socket(::open("/dev/null", O_RDWR | O_CLOEXEC));
  by_socket_[socket.get()] = &peers_.emplace_back();
  return socket;
}

void FaultySys::fail_call(int n, int error, std::optional<Call> kind) {
  fault_countdown_ = n;
  fault_error_ = error;
  fault_kind_ = kind;
  fired_ = false;
}

void FaultySys::fail_read(int n, int error) {
  read_countdown_ = n;
  read_error_ = error;
}

std::size_t FaultySys::count(Call kind) const {
  return static_cast<std::size_t>(std::count(calls_.begin(), calls_.end(), kind));
}

int FaultySys::begin(Call call) {
  calls_.push_back(call);
  const bool counts = !fault_kind_ || *fault_kind_ == call;
  if (counts && fault_countdown_ > 0 && --fault_countdown_ == 0) {
    fired_ = true;
    return -fault_error_;
  }
  const bool may_block =
      call == Call::Recv || call == Call::Send || call == Call::Sendfile || call == Call::AioSubmit;
  bool& blocked = blocked_[static_cast<std::size_t>(call)];
  if (blocks_every_other_time && may_block) blocked = !blocked;
  return blocked ? -EAGAIN : 0;
}

// How much of `wanted` may go to `peer` now, or -EAGAIN.
ssize_t FaultySys::room_for(const Peer& peer, std::size_t wanted) const {
  const std::size_t room = std::min({wanted, transfer_limit, peer.room});
  return room == 0 ? -EAGAIN : static_cast<ssize_t>(room);
}

// ---- Sockets

ssize_t FaultySys::recv(int socket, std::span<char> into) noexcept {
  if (const int error = begin(Call::Recv); error < 0) return error;
  Peer& from = peer(socket);
  if (from.input.empty()) return from.ends ? 0 : -EAGAIN;
  std::string& chunk = from.input.front();
  const std::size_t size = std::min({chunk.size(), into.size(), transfer_limit});
  std::copy_n(chunk.begin(), size, into.begin());
  chunk.erase(0, size);
  if (chunk.empty()) from.input.pop_front();
  return static_cast<ssize_t>(size);
}

ssize_t FaultySys::send(int socket, std::string_view bytes, bool more) noexcept {
  if (const int error = begin(Call::Send); error < 0) return error;
  Peer& to = peer(socket);
  const ssize_t size = room_for(to, bytes.size());
  if (size < 0) return size;
  to.output += bytes.substr(0, static_cast<std::size_t>(size));
  if (to.room != kNoLimit) to.room -= static_cast<std::size_t>(size);
  to.held_back = more;
  return size;
}

ssize_t FaultySys::sendfile(int socket, int file, off_t offset, std::size_t length) noexcept {
  if (const int error = begin(Call::Sendfile); error < 0) return error;
  Peer& to = peer(socket);
  const ssize_t room = room_for(to, length);
  if (room < 0) return room;
  const auto wanted = static_cast<std::size_t>(room);
  if (pages.resident(file, offset, wanted) < wanted) note_sleep();
  pages.take_in(file, offset, wanted);
  const std::size_t before = to.output.size();
  to.output.resize(before + static_cast<std::size_t>(room));
  const ssize_t size =
      ::pread(file, to.output.data() + before, static_cast<std::size_t>(room), offset);
  const int error = errno;
  to.output.resize(before + static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  if (size < 0) return -error;
  if (to.room != kNoLimit) to.room -= static_cast<std::size_t>(size);
  to.held_back = false;
  return size;
}

void FaultySys::cork(int socket, bool on) noexcept {
  Peer& to = peer(socket);
  to.corked = on;
  if (on) ++to.corks;
}

int FaultySys::unread_by_peer(int socket) noexcept {
  if (const int error = begin(Call::UnreadByPeer); error < 0) return error;
  return peer(socket).unread;
}

int FaultySys::shutdown_write(int socket) noexcept {
  if (const int error = begin(Call::ShutdownWrite); error < 0) return error;
  peer(socket).output_ended = true;
  return 0;
}

void FaultySys::reset_on_close(int socket) noexcept {
  peer(socket).reset = true;
}

// ---- Files

int FaultySys::open_beneath(int directory, const char* path, int flags, bool cached_only) noexcept {
  const Turn turn(*this);
  if (const int error = begin(Call::OpenBeneath); error < 0) return error;
  if (lacks_openat2) return -ENOSYS;
  if (!cached_only) {
    note_sleep();
    cached_paths_.insert(path);
  } else if (lacks_cached_paths && !cached_paths_.contains(path)) {
    return -EAGAIN;
  }
  return Sys::open_beneath(directory, path, flags, false);
}

int FaultySys::open_directory(int base, const char* path, bool cached_only) noexcept {
  const Turn turn(*this);
  if (const int error = begin(Call::OpenDirectory); error < 0) return error;
  if (cached_only && lacks_openat2) return -ENOSYS;
  if (!cached_only) note_sleep();
  return Sys::open_at(base, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int FaultySys::reopen_direct(int file) noexcept {
  if (const int error = begin(Call::ReopenDirect); error < 0) return error;
  if (lacks_direct) return -EINVAL;
  const std::string name = "/proc/self/fd/" + std::to_string(file);
  return Sys::open_at(AT_FDCWD, name.c_str(), O_RDONLY | O_CLOEXEC | kDirectMark);
}

int FaultySys::open_at(int directory, const char* name, int flags) noexcept {
  const Turn turn(*this);
  if (const int error = begin(Call::OpenAt); error < 0) return error;
  note_sleep();
  return Sys::open_at(directory, name, flags);
}

int FaultySys::fstat(int file, struct stat& status) noexcept {
  const Turn turn(*this);
  if (const int error = begin(Call::Fstat); error < 0) return error;
  return Sys::fstat(file, status);
}

ssize_t FaultySys::readlink_at(int directory, const char* name, std::span<char> into) noexcept {
  const Turn turn(*this);
  if (const int error = begin(Call::ReadlinkAt); error < 0) return error;
  note_sleep();
  return Sys::readlink_at(directory, name, into);
}

ssize_t FaultySys::read_folder(int folder, std::span<char> into) noexcept {
  const Turn turn(*this);
  if (const int error = begin(Call::ReadFolder); error < 0) return error;
  note_sleep();
  return Sys::read_folder(folder, into);
}

int FaultySys::stat_at(int folder, const char* name, struct stat& status) noexcept {
  const Turn turn(*this);
  if (const int error = begin(Call::StatAt); error < 0) return error;
  note_sleep();
  return Sys::stat_at(folder, name, status);
}

// ---- The page cache

ssize_t FaultySys::probe(int file, off_t offset) noexcept {
  if (const int error = begin(Call::Probe); error < 0) return error;
  if (lacks_nowait) return -EOPNOTSUPP;
  if (pages.resident(file, offset, 1) == 0) return -EAGAIN;
  char byte = 0;
  return Sys::pread(file, {&byte, 1}, offset);
}

int FaultySys::read_ahead(int file, off_t offset, std::size_t length) noexcept {
  if (const int error = begin(Call::ReadAhead); error < 0) return error;
  pages.ask(file, offset, length);
  return 0;
}

ssize_t FaultySys::pread(int file, std::span<char> into, off_t offset) noexcept {
  const Turn turn(*this);
  if (const int error = begin(Call::Pread); error < 0) return error;
  if (const int error = error_of_disk(); error < 0) return error;
  note_sleep();
  const ssize_t size = Sys::pread(file, into.first(std::min(into.size(), read_limit)), offset);
  if (size > 0) pages.take_in(file, offset, static_cast<std::size_t>(size));
  return size;
}

std::int64_t FaultySys::file_system_of(int /*file*/) noexcept {
  const Turn turn(*this);
  if (const int error = begin(Call::FileSystemOf); error < 0) return error;
  note_sleep();
  return file_system;
}

// ---- The ring

int FaultySys::aio_setup(int depth, io_context_t& context) noexcept {
  ring_depth_ = static_cast<std::size_t>(depth);
  context = nullptr;
  return -setup_error;
}

int FaultySys::aio_submit(io_context_t, std::span<iocb*> reads) noexcept {
  if (const int error = begin(Call::AioSubmit); error < 0) return error;
  int taken = 0;
  for (iocb* const read : reads.first(std::min(reads.size(), submit_limit))) {
    const bool is_full = held_.size() + finished_.size() == ring_depth_;
    const int error = is_full ? -EAGAIN : hold(*read);
    if (error < 0) return taken > 0 ? taken : error;
    if (!holds_reads) finish_reads();
    ++taken;
  }
  return taken;
}

// Takes `read` in: 0, or -errno where the kernel refuses it.
int FaultySys::hold(iocb& read) {
  const auto& what = read.u.c;
  UniqueFd file(::fcntl(read.aio_fildes, F_DUPFD_CLOEXEC, 0));
  if (!file) return -EBADF;
  const bool no_wait = (read.aio_rw_flags & RWF_NOWAIT) != 0;
  if (no_wait && lacks_nowait) return -EOPNOTSUPP;
  std::size_t length = what.nbytes;
  if (!is_direct(file.get())) {
    const std::size_t here = pages.resident(file.get(), what.offset, length);
    if (here < length && !no_wait) note_sleep();
    if (no_wait) length = here;
  }
  held_.push_back({&read, std::move(file), length, is_direct(read.aio_fildes), pages.time()});
  return 0;
}

void FaultySys::finish_reads(std::size_t count) {
  for (; count > 0 && !held_.empty(); --count) {
    finish(held_.front());
    held_.pop_front();
  }
}

void FaultySys::finish(const Held& read) {
  io_event event{};
  event.data = read.control->data;
  event.obj = read.control;
  event.res = static_cast<unsigned long>(outcome_of(read));
  finished_.push_back(event);
}

ssize_t FaultySys::outcome_of(const Held& read) {
  const auto& what = read.control->u.c;
  if (read.is_direct && direct_error != 0) return -direct_error;
  if (!read.is_direct && read.length == 0) return -EAGAIN;
  if (!read.is_direct) {
    if (const int error = error_of_disk(); error < 0) return error;
  }
  const std::size_t size = std::min(read.length, read_limit);
  const ssize_t result =
      Sys::pread(read.file.get(), {static_cast<char*>(what.buf), size}, what.offset);
  if (read.is_direct) {
    pages.arrive(read.file.get(), read.time);
  } else if (result > 0) {
    pages.take_in(read.file.get(), what.offset, static_cast<std::size_t>(result));
  }
  return result;
}

int FaultySys::error_of_disk() {
  return read_countdown_ > 0 && --read_countdown_ == 0 ? -read_error_ : 0;
}

int FaultySys::aio_events(io_context_t, long at_least, std::span<io_event> into) noexcept {
  if (const int error = begin(Call::AioEvents); error < 0) return error;
  while (finished_.size() < static_cast<std::size_t>(at_least) && !held_.empty())
    finish_reads(1);
  const std::size_t size = std::min({finished_.size(), into.size(), events_limit});
  std::copy_n(finished_.begin(), size, into.begin());
  finished_.erase(finished_.begin(), finished_.begin() + static_cast<std::ptrdiff_t>(size));
  return static_cast<int>(size);
}

void FaultySys::aio_destroy(io_context_t) noexcept {
  finish_reads();
  finished_.clear();
}

// ---- What the manual pages say

std::vector<int> legal_errors(SysCall call) {
  using Call = SysCall;
  switch (call) {
    case Call::Recv:
      return {EAGAIN, ECONNRESET, ETIMEDOUT, ENOMEM};
    case Call::Send:
      return {EAGAIN, ECONNRESET, EPIPE, ENOMEM, ENOBUFS};
    case Call::Sendfile:
      return {EAGAIN, ECONNRESET, EPIPE, ENOMEM, EIO};
    case Call::UnreadByPeer:
      return {EINVAL};
    case Call::ShutdownWrite:
      return {ENOTCONN};
    case Call::OpenBeneath:
      return {EAGAIN, ENOSYS, EACCES, EMFILE, ENFILE, ENOMEM, ENOENT, ENODEV, EIO};
    case Call::OpenDirectory:  // and EAGAIN and ENOSYS, where it is to be cached
      return {EACCES, EMFILE, ENFILE, ENOMEM, ENOENT, EIO};
    case Call::OpenAt:
      return {EACCES, EMFILE, ENFILE, ENOMEM, ENOENT, EIO};
    case Call::Fstat:
      return {ENOMEM, EIO};
    case Call::ReadlinkAt:
      return {EACCES, ENOMEM, ENOENT, EIO};
    case Call::ReadFolder:
      return {EIO, ENOENT, ENOMEM};
    case Call::StatAt:
      return {EACCES, ENOENT, ENOMEM, EIO};
    case Call::ReopenDirect:
      return {EINVAL, EMFILE, ENFILE, ENOMEM, EACCES};
    case Call::Probe:
      return {EAGAIN, EOPNOTSUPP, EIO};
    case Call::ReadAhead:
      return {EINVAL, EBADF};
    case Call::Pread:
      return {EIO, ENOMEM};
    case Call::FileSystemOf:
      return {EIO, ENOMEM, ENOSYS};
    case Call::AioSubmit:
      return {EAGAIN, EBADF, EINVAL, ENOMEM};
    case Call::AioEvents:  // EINTR, which ends in Sys
      return {};
    case Call::Accept:  // these are not counted
    case Call::DeferAccept:
    case Call::Cork:
    case Call::ResetOnClose:
    case Call::SocketError:
    case Call::ReceiveDatagram:
    case Call::SendDatagram:
    case Call::MemoryFile:
    case Call::Write:
    case Call::AioSetup:
    case Call::AioDestroy:
    case Call::kCount:
      break;
  }
  return {};
}

}  // namespace aws
