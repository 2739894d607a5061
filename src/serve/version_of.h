// What the kernel tells of files and of the time, as the rules of HTTP take it.
#pragma once

#include <sys/stat.h>

#include "http/file_version.h"
#include "os/sys.h"

namespace aws {

[[nodiscard]] FileVersion version_of(const struct stat& status);
[[nodiscard]] FileTime wall_time(const Moment& moment);

}  // namespace aws
