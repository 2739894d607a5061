#include "os/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace aws {

void set_up_log(const std::string& least) {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto logger = std::make_shared<spdlog::logger>("aws", std::move(sink));
  logger->set_pattern("aws: %l: %v");
  logger->set_level(spdlog::level::from_str(least));
  spdlog::set_default_logger(std::move(logger));
}

void log(Level level, std::string_view line) {
  switch (level) {
    case Level::Info:
      spdlog::info(line);
      break;
    case Level::Warning:
      spdlog::warn(line);
      break;
  }
}

}  // namespace aws
