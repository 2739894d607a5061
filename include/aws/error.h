// How the library reports errors.
//
// Set-up (constructors, run()) throws SetupError. Once a server runs, nothing throws: an error of a
// connection is handed to its on_close handler.
#pragma once

#include <stdexcept>

namespace aws {

// A server cannot start: what() is one line that says why, and what to do about it.
class SetupError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace aws
