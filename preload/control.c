#include "control.h"

int start_control(const char* path) {
  (void)path;
  return -38;
}
void restart_control(void) {}
void stop_control(void) {}
bool is_control(int fd) {
  return fd < -1;
}
