// Options: the command line, checked and with its defaults filled in.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loop/loop_options.h"
#include "os/listener.h"
#include "serve/site.h"
#include "server/http_protocol.h"

namespace aws {

struct Options {
  Site site;  // its root as given or found
  ListenPlan listen;
  std::size_t threads = 1;
  bool pin = false;
  LoopOptions loops;
  HttpLimits http;
  std::string access_log;  // empty: none; "-": stdout
  std::string log_level;
  bool trace = false;
  bool stalls = false;
  bool audit = false;
};

// The outcome of parsing: options to run with, or an exit status to end with at once (0 after
// --help or --version, 2 after a mistake, which has been told in one line on stderr).
struct ParsedOptions {
  Options options;
  bool run = false;
  int exit_status = 0;
};

// Also raises RLIMIT_NOFILE's soft limit to the hard one, since the default of --max-connections
// follows from it.
[[nodiscard]] ParsedOptions parse_options(int argc, char** argv);

}  // namespace aws
