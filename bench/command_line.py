"""What the two benchmarks share: a mistake on the command line is one line, an end is orderly."""
import argparse
import signal
import sys

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Parser(argparse.ArgumentParser):
    """One that tells what is wrong with an argument in one line, as make's variables have names."""

    def error(self, message):
        self.exit(2, f"{self.prog.removesuffix('.py')}: {message}\n")


def positive(kind):
    """A type of argument: a number above 0."""
    def number(text):
        try:
            value = kind(text)
        except ValueError:
            value = 0
        if not 0 < value < float("inf"):
            words = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"{text!r} is not {words} above 0")
        return value
    return number


class Ended(BaseException):
    """A signal asked for the end. Like KeyboardInterrupt no mistake, so that nobody catches it."""

    def __init__(self, number):
        super().__init__(number)
        self.number = number


def run(name, main):
    """The exit status of main(), which stops what it started however it ends: a signal ends it as
    an exception does. What the system refuses (a full disk) is told in one line."""
    def end(number, _frame):
        for ending in ENDING:
            signal.signal(ending, signal.SIG_IGN)  # once is enough; the servers are being stopped
        raise Ended(number)
    for ending in ENDING:
        if signal.getsignal(ending) != signal.SIG_IGN:  # as nohup has it
            signal.signal(ending, end)
    try:
        return main()
    except Ended as ended:
        print(f"{name}: ended by {signal.Signals(ended.number).name}", file=sys.stderr)
        return 128 + ended.number
    except OSError as problem:
        print(f"{name}: {problem}", file=sys.stderr)
        return 1
