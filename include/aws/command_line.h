// The command line of a small server: --port N, --threads N, --help.
#pragma once

#include <string_view>

#include "aws/options.h"

namespace aws {

// Reads `argv` into a copy of `defaults`. `description` is the first line of --help. --help prints
// and exits with 0; a mistake is one line on stderr, and exits with 2.
[[nodiscard]] ServerOptions parse_command_line(int argc, char** argv, std::string_view description,
                                               ServerOptions defaults = {});

// Prints "listening on URL" on stdout at once, for people and for programs that wait for it.
void print_listening(std::string_view url);

}  // namespace aws
