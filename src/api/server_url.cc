#include "api/server_url.h"

namespace aws {

std::string server_url(std::string_view scheme, const ServerOptions& options, std::uint16_t port) {
  std::string host = options.addresses.empty() ? "localhost" : options.addresses.front();
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  std::string url = std::string(scheme) + "://" + host + ":" + std::to_string(port);
  if (scheme == "http") url += '/';
  return url;
}

}  // namespace aws
