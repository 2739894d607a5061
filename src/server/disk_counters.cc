#include "server/disk_counters.h"

#include <fmt/core.h>

#include <array>
#include <span>
#include <string_view>

namespace aws {
namespace {

// A counter of one part, and its name in the summary.
template <typename Part>
struct Row {
  std::string_view name;
  std::uint64_t Part::*counter;
};

constexpr std::array kWindowRows = {
    Row<DiskIo::Counters>{"resident", &DiskIo::Counters::resident},
    Row<DiskIo::Counters>{"announced", &DiskIo::Counters::announced},
    Row<DiskIo::Counters>{"ahead", &DiskIo::Counters::ahead},
    Row<DiskIo::Counters>{"again", &DiskIo::Counters::again},
    Row<DiskIo::Counters>{"to helper", &DiskIo::Counters::to_helper},
    Row<DiskIo::Counters>{"refused", &DiskIo::Counters::refused},
    Row<DiskIo::Counters>{"no direct", &DiskIo::Counters::no_direct},
    Row<DiskIo::Counters>{"gave up", &DiskIo::Counters::gave_up},
    Row<DiskIo::Counters>{"silent", &DiskIo::Counters::silent},
    Row<DiskIo::Counters>{"memory files", &DiskIo::Counters::memory_files},
};
constexpr std::array kReadRows = {
    Row<AioContext::Counters>{"started", &AioContext::Counters::reads},
    Row<AioContext::Counters>{"at once", &AioContext::Counters::at_once},
    Row<AioContext::Counters>{"waited", &AioContext::Counters::waited},
    Row<AioContext::Counters>{"on helper", &AioContext::Counters::on_helper},
    Row<AioContext::Counters>{"ring full", &AioContext::Counters::ring_full},
};
constexpr std::array kHelperRows = {
    Row<ThreadPool::Counters>{"tasks", &ThreadPool::Counters::tasks},
    Row<ThreadPool::Counters>{"queued", &ThreadPool::Counters::queued},
};
constexpr std::array kOwnRows = {Row<DiskCounters>{"off the loop", &DiskCounters::openings}};

template <typename Part>
void add_part(Part& to, const Part& from, std::span<const Row<Part>> rows) {
  for (const Row<Part>& row : rows)
    to.*row.counter += from.*row.counter;
}

template <typename Part>
void append_part(std::string& line, std::string_view what, const Part& part,
                 std::span<const Row<Part>> rows) {
  std::string_view separator = line.empty() ? "" : "; ";
  for (const Row<Part>& row : rows) {
    if (part.*row.counter == 0) continue;
    line += fmt::format("{}{}{} {}", separator, what.empty() ? "" : fmt::format("{}: ", what),
                        part.*row.counter, row.name);
    separator = ", ";
    what = "";
  }
}

}  // namespace

void DiskCounters::add(const DiskCounters& other) {
  add_part<DiskIo::Counters>(windows, other.windows, kWindowRows);
  add_part<AioContext::Counters>(aio, other.aio, kReadRows);
  add_part<ThreadPool::Counters>(threads, other.threads, kHelperRows);
  add_part<DiskCounters>(*this, other, kOwnRows);
}

std::string summary(const DiskCounters& counters) {
  std::string line;
  append_part<DiskIo::Counters>(line, "windows", counters.windows, kWindowRows);
  append_part<AioContext::Counters>(line, "reads", counters.aio, kReadRows);
  append_part<ThreadPool::Counters>(line, "helpers", counters.threads, kHelperRows);
  append_part<DiskCounters>(line, "openings", counters, kOwnRows);
  return line;
}

}  // namespace aws
