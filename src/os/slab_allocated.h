// SlabAllocated: a base for classes of which very many objects live at a time, such as connections:
// they lie side by side in a Slab of their thread.
//
// An object must be destroyed by the thread that made it.
#pragma once

#include <cassert>
#include <cstddef>

#include "os/slab.h"

namespace aws {

// For `class T final : public …, public SlabAllocated<T>`.
template <typename T>
class SlabAllocated {
 public:
  static void* operator new([[maybe_unused]] std::size_t size) {
    assert(size == sizeof(T));
    return slab_of_this_thread().allocate();
  }
  static void operator delete(void* place) noexcept { Slab<T>::deallocate(place); }

 private:
  static Slab<T>& slab_of_this_thread() {
    thread_local Slab<T> slab;
    return slab;
  }
};

}  // namespace aws
