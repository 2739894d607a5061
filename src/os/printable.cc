#include "os/printable.h"

namespace aws {

std::string printable(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (const char c : bytes) {
    if (c > ' ' && c < '\x7f') {
      text += c;
    } else {
      const auto value = static_cast<unsigned char>(c);
      text += '%';
      text += kDigits[value >> 4U];
      text += kDigits[value & 15U];
    }
  }
  return text;
}

}  // namespace aws
