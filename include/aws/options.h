// What a server listens on, and how it treats its clients.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace aws {

// All defaults are good for a small server. Durations of 0 mean "no limit".
struct ServerOptions {
  // Numeric IPv4 or IPv6 addresses. Empty: all addresses, IPv6 and IPv4.
  std::vector<std::string> addresses = {};
  // 0: the kernel chooses a free port, which port() of the server returns.
  std::uint16_t port = 0;

  // Event loops, one on each thread; 0: as many as CPUs that the process may use. Each has
  // listening sockets of its own (SO_REUSEPORT), and the kernel spreads the clients over them.
  unsigned threads = 1;
  // Bind each thread to a CPU (sched_setaffinity(2)).
  bool pin_threads = false;

  // Open connections of all threads together; more clients wait in the kernel's accept queue.
  // 0: as many as file descriptors allow.
  std::size_t max_connections = 0;

  // Bytes that wait for one client, beyond what the kernel takes. See Connection::send().
  std::size_t send_queue_limit = 1024 * 1024;
  // Received bytes of one client that on_data has not used. A message that is longer closes the
  // connection with EMSGSIZE.
  std::size_t receive_limit = 64 * 1024;

  // For a client that sends nothing and to which nothing is being sent. It and the next one may
  // expire by a sixty-fourth of the shorter of them too early.
  std::chrono::milliseconds idle_timeout{60'000};
  // For a client that takes no byte while bytes wait for it.
  std::chrono::milliseconds write_timeout{60'000};
  // After stop(), for clients to take the bytes that wait for them. 0: they are cut at once.
  std::chrono::milliseconds drain_timeout{10'000};

  // SIGTERM, SIGINT, SIGHUP and SIGXCPU stop the server: the first one as stop() does, the second
  // one at once. Handlers catch them while the server object exists. If false, the server leaves
  // all signals alone.
  bool stop_on_signals = true;
};

}  // namespace aws
