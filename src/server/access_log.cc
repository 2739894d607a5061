#include "server/access_log.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <spdlog/async.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <stdexcept>

#include "os/unique_fd.h"

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

// spdlog would make missing folders, and wait for ever for the reader of a FIFO.
void check_openable(const std::string& file) {
  if (file == "-") return;
  constexpr mode_t kMode = 0644;
  const UniqueFd opened(
      ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC, kMode));
  if (!opened) throw std::runtime_error("--access-log " + file + ": " + std::strerror(errno));
}

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
};

AccessLog::AccessLog(const std::string& file) : writer_(std::make_unique<Writer>()) {
  check_openable(file);
  try {
    spdlog::sink_ptr sink;
    if (file == "-") {
      sink = std::make_shared<spdlog::sinks::stdout_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(file);
    }
    sink->set_pattern("%v");
    writer_->thread = std::make_shared<spdlog::details::thread_pool>(kQueuedLines, 1);
    writer_->logger = std::make_shared<spdlog::async_logger>(
        "access", std::move(sink), writer_->thread, spdlog::async_overflow_policy::overrun_oldest);
    writer_->logger->flush_on(spdlog::level::info);  // whoever follows the log sees it at once
  } catch (const spdlog::spdlog_ex& error) {
    throw std::runtime_error("--access-log " + file + ": " + error.what());
  }
}

AccessLog::~AccessLog() = default;

void AccessLog::write(const AccessEntry& entry) {
  writer_->logger->info(format_entry(entry));
}

std::size_t AccessLog::lost() const {
  return writer_->thread->overrun_counter();
}

}  // namespace aws
