#include "aws/tcp_server.h"

#include <exception>
#include <stdexcept>
#include <vector>

#include "api/run_loops.h"
#include "api/server_url.h"
#include "api/stream_protocol.h"
#include "loop/event_loop_group.h"
#include "os/listener.h"

namespace aws {

struct TcpServerBase::Impl {
  explicit Impl(const ServerOptions& chosen)
      : options(chosen),
        listeners(
            open_listeners({chosen.addresses, chosen.port, Transport::Tcp}, loop_count_of(chosen))),
        port(listeners.port),
        stop_switch(chosen.stop_on_signals) {}

  const ServerOptions options;
  Listeners listeners;
  const std::uint16_t port;
  StreamHandlers handlers;
  StopSwitch stop_switch;

  std::mutex mutex;                        // guards protocols
  std::vector<StreamProtocol*> protocols;  // of each loop, which owns it; empty unless it runs
};

TcpServerBase::TcpServerBase(const ServerOptions& options) {
  try {
    impl_ = std::make_unique<Impl>(options);
  } catch (const std::exception& error) {
    throw SetupError(error.what());
  }
}

TcpServerBase::~TcpServerBase() = default;

std::uint16_t TcpServerBase::port() const {
  return impl_->port;
}

std::string TcpServerBase::url(std::string_view scheme) const {
  return server_url(scheme, impl_->options, impl_->port);
}

StreamHandlers& TcpServerBase::handlers() {
  return impl_->handlers;
}

void TcpServerBase::run() {
  Impl& impl = *impl_;
  // Before the loops are destroyed, for_each() must not find them any more.
  struct Forget {
    Impl& impl;
    ~Forget() {
      const std::lock_guard lock(impl.mutex);
      impl.protocols.clear();
    }
  };
  try {
    EventLoopGroup loops(loop_options_of(impl.options), impl.listeners.per_loop.size(),
                         impl.options.pin_threads);
    {
      const std::lock_guard lock(impl.mutex);
      for (std::size_t i = 0; i < loops.size(); ++i) {
        auto protocol =
            std::make_unique<StreamProtocol>(loops.loop(i), impl.options, impl.handlers);
        impl.protocols.push_back(protocol.get());
        loops.loop(i).serve(std::move(impl.listeners.per_loop[i]), std::move(protocol));
      }
    }
    const Forget forget{impl};
    impl.stop_switch.run(loops);
  } catch (const std::runtime_error& error) {
    throw SetupError(error.what());
  }
}

void TcpServerBase::stop() {
  impl_->stop_switch.stop();
}

void TcpServerBase::for_each_base(const std::function<void(ConnectionBase&)>& call) {
  StreamProtocol* here = nullptr;
  {
    const std::lock_guard lock(impl_->mutex);
    for (StreamProtocol* const protocol : impl_->protocols) {
      if (protocol->loop.runs_on_this_thread()) {
        here = protocol;
      } else {
        protocol->loop.post([protocol, call] { protocol->for_each(call); });
      }
    }
  }
  if (here != nullptr) here->for_each(call);
}

}  // namespace aws
