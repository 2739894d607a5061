// A preloaded library that starts a thread before main(): it blocks no signal, so that the kernel
// may deliver any to it.
#include <pthread.h>
#include <unistd.h>

static void* sleep_forever(void* unused) {
  (void)unused;
  for (;;)
    pause();
}

__attribute__((constructor)) static void start_thread(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, sleep_forever, NULL);
}
