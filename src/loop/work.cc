#include "loop/work.h"

namespace aws {

std::string_view name(Work work) {
  if (work == Work::Own) return "our own work";
  if (work >= Work::Any) return "";
  return name(static_cast<SysCall>(work));
}

}  // namespace aws
