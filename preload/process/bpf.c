#include "process/bpf.h"

#include <stdbool.h>
#include <string.h>

struct Machine {
  uint32_t a, x, memory[BPF_MEMWORDS];
  size_t next;  // the instruction after the current one
};

static uint32_t load(const struct seccomp_data* data, uint32_t offset) {
  uint32_t word = 0;
  if (offset <= sizeof *data - sizeof word) memcpy(&word, (const char*)data + offset, sizeof word);
  return word;
}

static uint32_t compute(uint32_t operation, uint32_t a, uint32_t operand) {
  switch (operation) {
    case BPF_ADD:
      return a + operand;
    case BPF_SUB:
      return a - operand;
    case BPF_MUL:
      return a * operand;
    case BPF_DIV:
      return operand == 0 ? 0 : a / operand;
    case BPF_AND:
      return a & operand;
    case BPF_OR:
      return a | operand;
    case BPF_XOR:
      return a ^ operand;
    case BPF_LSH:
      return operand < 32 ? a << operand : 0;
    case BPF_RSH:
      return operand < 32 ? a >> operand : 0;
    case BPF_NEG:
      return -a;
  }
  return a;
}

static void jump(struct Machine* machine, const struct sock_filter* at) {
  uint32_t operand = BPF_SRC(at->code) == BPF_X ? machine->x : at->k;
  bool holds = false;
  switch (BPF_OP(at->code)) {
    case BPF_JA:
      machine->next += at->k;
      return;
    case BPF_JEQ:
      holds = machine->a == operand;
      break;
    case BPF_JGT:
      holds = machine->a > operand;
      break;
    case BPF_JGE:
      holds = machine->a >= operand;
      break;
    case BPF_JSET:
      holds = (machine->a & operand) != 0;
      break;
  }
  machine->next += holds ? at->jt : at->jf;
}

// Returns the value that BPF_LD or BPF_LDX loads.
static uint32_t loaded_value(const struct Machine* machine, const struct sock_filter* at,
                             const struct seccomp_data* data) {
  switch (BPF_MODE(at->code)) {
    case BPF_ABS:
      return load(data, at->k);
    case BPF_LEN:
      return sizeof *data;
    case BPF_MEM:
      return machine->memory[at->k % BPF_MEMWORDS];
  }
  return at->k;
}

static void step(struct Machine* machine, const struct sock_filter* at,
                 const struct seccomp_data* data) {
  switch (BPF_CLASS(at->code)) {
    case BPF_LD:
      machine->a = loaded_value(machine, at, data);
      break;
    case BPF_LDX:
      machine->x = loaded_value(machine, at, data);
      break;
    case BPF_ST:
      machine->memory[at->k % BPF_MEMWORDS] = machine->a;
      break;
    case BPF_STX:
      machine->memory[at->k % BPF_MEMWORDS] = machine->x;
      break;
    case BPF_ALU:
      machine->a =
          compute(BPF_OP(at->code), machine->a, BPF_SRC(at->code) == BPF_X ? machine->x : at->k);
      break;
    case BPF_JMP:
      jump(machine, at);
      break;
    case BPF_MISC:
      if (BPF_MISCOP(at->code) == BPF_TAX) machine->x = machine->a;
      if (BPF_MISCOP(at->code) == BPF_TXA) machine->a = machine->x;
      break;
  }
}

uint32_t run_bpf(const struct sock_filter* program, size_t length,
                 const struct seccomp_data* data) {
  struct Machine machine = {0};
  while (machine.next < length) {
    const struct sock_filter* at = &program[machine.next++];
    if (BPF_CLASS(at->code) == BPF_RET) return BPF_RVAL(at->code) == BPF_A ? machine.a : at->k;
    step(&machine, at, data);
  }
  return SECCOMP_RET_KILL_PROCESS;
}
