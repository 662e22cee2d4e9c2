"""Load something once and fork for each use of it.

Called with the text of a program and its arguments. The program imports this as the module forks. No garbage is collected
until it says that it has loaded everything, because looking for it takes a third of the time and more.
"""

import contextlib
import gc
import os
import select
import signal
import socket
import sys
import threading

# The Unix socket on which forks are asked for.
REQUESTS = 3

# The most descriptors that a use may bring beside the two of its pipes.
MOST_DESCRIPTORS = 8


def end_with(descriptor):
    """Ends this process when the other end of a pipe is closed."""

    def wait():
        # Signals are for the main thread: they then interrupt what it waits for.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while os.read(descriptor, 1):
            pass
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


def begin_to_collect_garbage():
    """Ends the time of loading. What is there by then stays, garbage too: a collector that leaves it alone is quicker, and
    copies no page of it in a fork. The garbage of moto is 40 MiB, and to find it takes a third of a second."""
    gc.freeze()
    gc.enable()


def fork_for_each(use):
    """Calls use in a fork for each byte on the socket of requests, until that is closed.

    Each byte brings the descriptors that use is called with, after those of two pipes. The fork ends with the first. The
    second tells of it: its process number, and, when it has ended, its exit code, or the negative number of the signal
    that has ended it.
    """
    requests = socket.socket(fileno=REQUESTS)
    # Each end of a fork writes a byte.
    ends, wakeup = os.pipe()
    os.set_blocking(ends, False)
    os.set_blocking(wakeup, False)
    signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    begin_to_collect_garbage()
    # Whoever asks for forks may wait for this.
    requests.send(b"\0")
    running = {}
    while True:
        ready, _, _ = select.select([requests, ends], [], [])
        if ends in ready:
            os.read(ends, 1 << 10)
            report_ended(running)
        if requests not in ready:
            continue
        request, descriptors, _, _ = socket.recv_fds(requests, 1, MOST_DESCRIPTORS)
        if not request:
            return
        wanted, news, *others = descriptors
        fork = os.fork()
        if fork == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            requests.close()
            for descriptor in [ends, wakeup, news, *running.values()]:
                os.close(descriptor)
            end_with(wanted)
            sys.exit(use(*others))
        for descriptor in (wanted, *others):
            os.close(descriptor)
        running[fork] = news
        tell(news, fork)


def report_ended(running):
    """Tells of the forks that have ended. A fork could not do so itself: it might before it has closed everything else."""
    for fork in list(running):
        ended, status = os.waitpid(fork, os.WNOHANG)
        if ended:
            tell(running[fork], os.waitstatus_to_exitcode(status))
            os.close(running.pop(fork))


def tell(pipe, number):
    # Nobody may be interested any more.
    with contextlib.suppress(BrokenPipeError):
        os.write(pipe, b"%d\n" % number)


# Neither the folder that this runs in nor the one that a fork goes to has modules for it.
sys.path[:] = [folder for folder in sys.path if folder]
sys.modules["forks"] = sys.modules["__main__"]
program = sys.argv.pop(1)
gc.disable()
exec(compile(program, "program", "exec"), {"__name__": "program"})
