// IntrusiveList: a doubly linked list whose links live in its elements, so that linking never
// allocates and an element can leave from the middle in constant time.
//
// It owns nothing: an element must leave before it dies (Link's destructor sees to that) and can
// be in one list at a time. Not thread-safe.
#pragma once

#include <cassert>

namespace aws {

// Base of an element. Copying would copy the neighbours, so there is none.
class Link {
 public:
  Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link() { unlink(); }

  [[nodiscard]] bool linked() const { return next_ != nullptr; }

  // Leaves whatever list it is in; nothing happens if it is in none.
  void unlink() {
    if (!linked()) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;  // NOLINT(clang-analyzer-unix.Malloc): it does not know rings
    previous_ = next_ = nullptr;
  }

 private:
  template <typename T>
  friend class IntrusiveList;
  Link* previous_ = nullptr;
  Link* next_ = nullptr;
};

template <typename T>
class IntrusiveList {
 public:
  IntrusiveList() { head_.previous_ = head_.next_ = &head_; }
  ~IntrusiveList() { assert(empty()); }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;

  [[nodiscard]] bool empty() const { return head_.next_ == &head_; }

  // The first element, or nullptr of an empty list.
  [[nodiscard]] T* front() const {
    return empty() ? nullptr : static_cast<T*>(head_.next_);  // NOLINT(clang-analyzer-unix.Malloc)
  }

  // The element after `element`, which is in this list, or nullptr.
  [[nodiscard]] T* next(const T& element) const {
    Link* const link = static_cast<const Link&>(element).next_;
    return link == &head_ ? nullptr : static_cast<T*>(link);
  }

  // Unlinks all elements.
  void clear() {
    while (T* const element = front())
      static_cast<Link*>(element)->unlink();
  }

  // Moves all elements of `other`, in their order, to the end of this list.
  void append(IntrusiveList& other) {
    while (T* const element = other.front())
      push_back(*element);
  }

  // Puts `element` last; it leaves the list it was in.
  void push_back(T& element) {
    Link& link = element;
    link.unlink();
    link.previous_ = head_.previous_;
    link.next_ = &head_;
    head_.previous_->next_ = &link;
    head_.previous_ = &link;
  }

 private:
  Link head_;  // the ring's anchor
};

}  // namespace aws
