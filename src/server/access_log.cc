#include "server/access_log.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <spdlog/async.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "os/log.h"
#include "os/unique_fd.h"
#include "server/line_file.h"

namespace aws {
namespace {

constexpr std::size_t kQueuedLines = 8192;

std::string quoted(std::string_view text) {
  if (text.empty()) return "\"-\"";
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      result += fmt::format("\\x{:02x}", byte);
    } else {
      result += c;
    }
  }
  return result + '"';
}

// "21/Nov/2026:10:00:00 +0000", in the machine's own time zone, as Combined format has it.
std::string local_time(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm local{};
  ::localtime_r(&time, &local);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%d/%b/%Y:%H:%M:%S %z", &local);
  return {text.data(), size};
}

// O_NONBLOCK: open(2) of a FIFO without a reader must fail and not wait.
UniqueFd open_log(const std::string& file) {
  constexpr int kFlags = O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC;
  constexpr mode_t kMode = 0644;
  UniqueFd opened(file == "-" ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
                              : ::open(file.c_str(), kFlags, kMode));
  if (!opened) throw std::runtime_error("--access-log " + file + ": " + std::strerror(errno));
  return opened;
}

// Counts the lines that cannot be written, and reports the first of them and how many there were.
class LineSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit LineSink(UniqueFd file) : file_(std::move(file)) {}

  // Once the thread has ended: with a line that stays torn.
  [[nodiscard]] std::size_t lost() const { return lost_ + (file_.has_torn_line() ? 1 : 0); }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    line_.assign(message.payload.data(), message.payload.size());
    line_ += '\n';
    const int error = file_.append(line_);
    if (error != 0) {
      if (lost_++ == lost_before_) {
        log_warning("access log: {}; lines are lost until it can be written", std::strerror(error));
      }
    } else if (lost_ > lost_before_) {
      log_warning("access log: it can be written again, {} lines were lost", lost_ - lost_before_);
      lost_before_ = lost_;
    }
  }
  void flush_() override {}

  LineFile file_;
  std::string line_;
  std::atomic<std::size_t> lost_ = 0;
  std::size_t lost_before_ = 0;  // when the log could be written last
};

}  // namespace

std::string format_entry(const AccessEntry& entry) {
  return fmt::format("{} - - [{}] {} {} {} {} {} {} {}{}{}", entry.peer, local_time(entry.wall_s),
                     quoted(entry.request_line), entry.status, entry.body_bytes,
                     quoted(entry.referer), quoted(entry.user_agent), entry.duration_us,
                     entry.engine, entry.decision.empty() ? "" : " ", entry.decision);
}

struct AccessLog::Writer {
  std::shared_ptr<spdlog::details::thread_pool> thread;
  std::shared_ptr<spdlog::async_logger> logger;
  std::shared_ptr<LineSink> sink;
  std::size_t overrun = 0;  // lines that the queue had no room for, once the thread has ended
};

AccessLog::AccessLog(const std::string& file) : writer_(std::make_unique<Writer>()) {
  writer_->sink = std::make_shared<LineSink>(open_log(file));
  try {
    writer_->thread = std::make_shared<spdlog::details::thread_pool>(kQueuedLines, 1);
    writer_->logger = std::make_shared<spdlog::async_logger>(
        "access", writer_->sink, writer_->thread, spdlog::async_overflow_policy::overrun_oldest);
  } catch (const spdlog::spdlog_ex& error) {
    throw std::runtime_error("--access-log " + file + ": " + error.what());
  }
}

AccessLog::~AccessLog() = default;

void AccessLog::finish() {
  writer_->logger.reset();
  writer_->overrun = writer_->thread->overrun_counter();
  writer_->thread.reset();  // it writes what is queued first
}

void AccessLog::write(const AccessEntry& entry) {
  writer_->logger->info(format_entry(entry));
}

std::size_t AccessLog::lost() const {
  const std::size_t overrun =
      writer_->thread ? writer_->thread->overrun_counter() : writer_->overrun;
  return overrun + writer_->sink->lost();
}

}  // namespace aws
