"""Hand a call of the AWS CLI to a fork of the process that has loaded it, and end as that ends."""

import _signal
import _socket
import marshal
import posix
import sys

# Signals that a caller may send. The others end this process, and with it the fork.
SIGNALS = [_signal.SIGHUP, _signal.SIGINT, _signal.SIGQUIT, _signal.SIGTERM, _signal.SIGUSR1, _signal.SIGUSR2]

connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
connection.connect(SOCKET)
mask = posix.umask(0)
posix.umask(mask)
call = marshal.dumps((sys.argv[1:], posix.environ, mask))
reader, writer = posix.pipe()
descriptors = (0, 1, 2, posix.open(".", posix.O_RDONLY), reader)
rights = b"".join(descriptor.to_bytes(4, sys.byteorder) for descriptor in descriptors)
connection.sendmsg([b"\0"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)])
posix.close(reader)
while call:
    call = call[posix.write(writer, call) :]
posix.close(writer)

# From now on each signal sends its number. That needs a descriptor that never blocks, as those with a timeout are.
connection.settimeout(1e6)
_signal.set_wakeup_fd(connection.fileno(), warn_on_full_buffer=False)
for number in SIGNALS:
    if _signal.getsignal(number) != _signal.SIG_IGN:
        _signal.signal(number, lambda *_: None)
answer = connection.recv(16)
if not answer:
    posix.write(2, b"aws: the process that has loaded the AWS CLI is gone\n")
    posix._exit(255)
code = int(answer)
if code < 0:
    if -code != _signal.SIGKILL:
        _signal.signal(-code, _signal.SIG_DFL)
    posix.kill(posix.getpid(), -code)
posix._exit(code)
