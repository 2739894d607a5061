#include "server/timed_sys.h"

namespace aws {

int TimedSys::accept(int listener, sockaddr_storage& peer) noexcept {
  return timed(Work::Accept, [&] { return real_.accept(listener, peer); });
}

ssize_t TimedSys::recv(int socket, std::span<char> into) noexcept {
  return timed(Work::Recv, [&] { return real_.recv(socket, into); });
}

ssize_t TimedSys::send(int socket, std::string_view bytes, bool more) noexcept {
  return timed(Work::Send, [&] { return real_.send(socket, bytes, more); });
}

ssize_t TimedSys::sendfile(int socket, int file, off_t offset, std::size_t length) noexcept {
  return timed(Work::Sendfile, [&] { return real_.sendfile(socket, file, offset, length); });
}

void TimedSys::defer_accept(int listener, bool on) noexcept {
  timed(Work::SetSockOpt, [&] { return real_.defer_accept(listener, on), 0; });
}

void TimedSys::cork(int socket, bool on) noexcept {
  timed(Work::SetSockOpt, [&] { return real_.cork(socket, on), 0; });
}

int TimedSys::unread_by_peer(int socket) noexcept {
  return timed(Work::Ioctl, [&] { return real_.unread_by_peer(socket); });
}

int TimedSys::shutdown_write(int socket) noexcept {
  return timed(Work::Shutdown, [&] { return real_.shutdown_write(socket); });
}

void TimedSys::reset_on_close(int socket) noexcept {
  timed(Work::SetSockOpt, [&] { return real_.reset_on_close(socket), 0; });
}

int TimedSys::open_beneath(int directory, const char* path, int flags, bool cached_only) noexcept {
  return timed(Work::OpenAt2,
               [&] { return real_.open_beneath(directory, path, flags, cached_only); });
}

int TimedSys::open_directory(int base, const char* path, bool cached_only) noexcept {
  return timed(cached_only ? Work::OpenAt2 : Work::OpenAt,
               [&] { return real_.open_directory(base, path, cached_only); });
}

int TimedSys::reopen_direct(int file) noexcept {
  return timed(Work::OpenAt, [&] { return real_.reopen_direct(file); });
}

int TimedSys::open_at(int directory, const char* name, int flags) noexcept {
  return timed(Work::OpenAt, [&] { return real_.open_at(directory, name, flags); });
}

int TimedSys::fstat(int file, struct stat& status) noexcept {
  return timed(Work::Fstat, [&] { return real_.fstat(file, status); });
}

ssize_t TimedSys::readlink_at(int directory, const char* name, std::span<char> into) noexcept {
  return timed(Work::ReadLinkAt, [&] { return real_.readlink_at(directory, name, into); });
}

ssize_t TimedSys::read_folder(int folder, std::span<char> into) noexcept {
  return timed(Work::GetDents, [&] { return real_.read_folder(folder, into); });
}

int TimedSys::stat_at(int folder, const char* name, struct stat& status) noexcept {
  return timed(Work::FstatAt, [&] { return real_.stat_at(folder, name, status); });
}

ssize_t TimedSys::probe(int file, off_t offset) noexcept {
  return timed(Work::PreadV2, [&] { return real_.probe(file, offset); });
}

int TimedSys::read_ahead(int file, off_t offset, std::size_t length) noexcept {
  return timed(Work::FAdvise, [&] { return real_.read_ahead(file, offset, length); });
}

ssize_t TimedSys::pread(int file, std::span<char> into, off_t offset) noexcept {
  return timed(Work::Pread, [&] { return real_.pread(file, into, offset); });
}

std::int64_t TimedSys::file_system_of(int file) noexcept {
  return timed(Work::FStatFs, [&] { return real_.file_system_of(file); });
}

int TimedSys::memory_file() noexcept {
  return timed(Work::MemfdCreate, [&] { return real_.memory_file(); });
}

ssize_t TimedSys::write(int file, std::string_view bytes) noexcept {
  return timed(Work::Write, [&] { return real_.write(file, bytes); });
}

int TimedSys::aio_setup(int depth, io_context_t& context) noexcept {
  return timed(Work::IoSetup, [&] { return real_.aio_setup(depth, context); });
}

int TimedSys::aio_submit(io_context_t context, std::span<iocb*> reads) noexcept {
  return timed(Work::IoSubmit, [&] { return real_.aio_submit(context, reads); });
}

int TimedSys::aio_events(io_context_t context, long at_least, std::span<io_event> into) noexcept {
  return timed(Work::IoGetEvents, [&] { return real_.aio_events(context, at_least, into); });
}

void TimedSys::aio_destroy(io_context_t context) noexcept {
  timed(Work::IoDestroy, [&] { return real_.aio_destroy(context), 0; });
}

}  // namespace aws
