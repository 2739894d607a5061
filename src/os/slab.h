// Slab: objects of one type, side by side in chunks of memory. Making or ending one takes no call
// to the allocator but for a chunk's first and last, and costs no byte beside the object's own.
//
// A chunk begins at a multiple of its size, so that an object's address leads to its chunk, and
// Owner is no larger than a pointer. A chunk that has become empty is given back, unless it is the
// only one with room. Places without an object are poisoned for AddressSanitizer, as memory that is
// freed would be. Without memory for a chunk it aborts: no loop can go on. One thread.
#pragma once

#include <sanitizer/asan_interface.h>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

#include "os/intrusive_list.h"

namespace aws {

template <typename T>
class Slab {
 public:
  struct Return {
    void operator()(T* object) const noexcept { end(object); }
  };
  using Owner = std::unique_ptr<T, Return>;  // must not outlive the slab

  Slab() = default;
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;
  // All objects must have ended.
  ~Slab() {
    while (Chunk* const chunk = with_room_.front())
      give_back(*chunk);
    assert(chunks_ == 0);
  }

  template <typename... Arguments>
  [[nodiscard]] Owner make(Arguments&&... arguments) {
    return Owner(::new (allocate()) T(std::forward<Arguments>(arguments)...));
  }

  // A place for an object, which the caller constructs there.
  [[nodiscard]] void* allocate() {
    if (with_room_.empty()) add_chunk();
    Chunk& chunk = *with_room_.front();
    Place* const place = chunk.take();
    if (chunk.free == nullptr) chunk.unlink();
    return place;
  }

  // Gives back the place of an object that is destroyed already.
  static void deallocate(void* object) noexcept {
    auto* const place = static_cast<Place*>(object);
    const auto within = reinterpret_cast<std::uintptr_t>(place) % kAlignment;
    auto* const chunk = reinterpret_cast<Chunk*>(reinterpret_cast<std::byte*>(place) - within);
    const bool was_full = chunk->free == nullptr;
    chunk->put(*place);
    --chunk->objects;
    chunk->slab.settle(*chunk, was_full);
  }

  [[nodiscard]] std::size_t chunks() const { return chunks_; }

  // How many objects a chunk holds.
  [[nodiscard]] static constexpr std::size_t per_chunk() {
    return (kChunkSize - sizeof(Chunk)) / sizeof(Place);
  }

 private:
  static constexpr std::size_t kAlignment = 16 * 1024;
  // The rest is for the allocator's own notes: so chunks lie at successive multiples.
  static constexpr std::size_t kChunkSize = kAlignment - 64;

  union Place {
    Place* next;  // of a free one
    alignas(T) std::byte object[sizeof(T)];
  };

  // The head of a chunk; its places follow.
  struct alignas(std::max_align_t) Chunk : Link {
    explicit Chunk(Slab& whose) : slab(whose) {
      auto* const places = reinterpret_cast<Place*>(this + 1);
      for (std::size_t i = per_chunk(); i > 0; --i)
        put(places[i - 1]);
    }

    void put(Place& place) {
      place.next = free;
      free = &place;
      ASAN_POISON_MEMORY_REGION(&place, sizeof(place));
    }

    Place* take() {
      Place* const place = free;
      ASAN_UNPOISON_MEMORY_REGION(place, sizeof(*place));
      free = place->next;
      ++objects;
      return place;
    }

    Slab& slab;
    Place* free = nullptr;
    std::size_t objects = 0;
  };

  static void end(T* object) noexcept {
    object->~T();
    deallocate(object);
  }

  // An object of `chunk` has ended.
  void settle(Chunk& chunk, bool was_full) {
    if (was_full) with_room_.push_back(chunk);
    if (chunk.objects > 0) return;
    chunk.unlink();
    if (with_room_.empty()) {
      with_room_.push_back(chunk);
    } else {
      give_back(chunk);
    }
  }

  void add_chunk() {
    void* memory = nullptr;  // aligned operator new would round the size up
    if (::posix_memalign(&memory, kAlignment, kChunkSize) != 0) std::abort();
    with_room_.push_back(*::new (memory) Chunk(*this));
    ++chunks_;
  }

  void give_back(Chunk& chunk) {
    assert(chunk.objects == 0);
    ASAN_UNPOISON_MEMORY_REGION(&chunk, kChunkSize);
    chunk.~Chunk();
    std::free(&chunk);
    --chunks_;
  }

  IntrusiveList<Chunk> with_room_;
  std::size_t chunks_ = 0;
};

}  // namespace aws
