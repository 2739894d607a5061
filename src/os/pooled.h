// Pooled: a base for classes whose objects come and go with every request: memory of those that
// died serves those that come.
//
// Each thread keeps a few blocks of its own: an object may well die in another thread than it was
// born in. The sanitizers see every object born and die, as ever.
#pragma once

#include <array>
#include <cstddef>
#include <new>

namespace aws {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

template <typename T>
class Pooled {};

#else

// For `class T final : public …, public Pooled<T>`.
template <typename T>
class Pooled {
 public:
  static void* operator new(std::size_t size) {
    Spares& spares = my_spares();
    return spares.count > 0 ? spares.blocks[--spares.count] : ::operator new(size);
  }
  static void operator delete(void* block) noexcept {
    Spares& spares = my_spares();
    if (spares.count < kSpares) {
      spares.blocks[spares.count++] = block;
    } else {
      ::operator delete(block);
    }
  }

 private:
  static constexpr std::size_t kSpares = 64;
  struct Spares {
    std::array<void*, kSpares> blocks{};
    std::size_t count = 0;
    ~Spares() {
      while (count > 0)
        ::operator delete(blocks[--count]);
    }
  };
  static Spares& my_spares() {
    thread_local Spares spares;
    return spares;
  }
};

#endif

}  // namespace aws
