// Where clients find a server.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "aws/options.h"

namespace aws {

// "tcp://localhost:7000", "http://[::1]:8080/": the first address that the server listens on.
[[nodiscard]] std::string server_url(std::string_view scheme, const ServerOptions& options,
                                     std::uint16_t port);

}  // namespace aws
