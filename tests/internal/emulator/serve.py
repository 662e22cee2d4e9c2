"""Serve moto on the socket inherited as descriptor 3, until standard input ends.

Standard input is a pipe from the process that started this one. It ends when that
process does, whatever the way, so the emulator never outlives it.
"""

import os
import socket
import sys
import threading


def exit_with_parent():
    sys.stdin.buffer.read()
    os._exit(0)


threading.Thread(target=exit_with_parent, daemon=True).start()

host, port = socket.socket(fileno=os.dup(3)).getsockname()
os.environ["MOTO_PORT"] = str(port)

from moto.server import DomainDispatcherApplication, create_backend_app  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402

application = DomainDispatcherApplication(create_backend_app)
make_server(host, port, application, threaded=True, fd=3).serve_forever()
