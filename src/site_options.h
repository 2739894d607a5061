// The command line's options about answers: CLI11 → Site.
#pragma once

#include <CLI/CLI.hpp>

#include "serve/site.h"

namespace aws {

// Adds the options to `app`, which fills `site` when it parses; both must outlive the parsing.
void add_site_options(CLI::App& app, Site& site);

}  // namespace aws
