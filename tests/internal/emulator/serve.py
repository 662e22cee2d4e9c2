"""Serve moto: emulated AWS accounts, each in a process of its own.

Called with "one", it serves one account on the socket inherited as descriptor 3, until standard
input ends. That is a pipe from the process that started this one. It ends when that process does,
whatever the way, so the emulator never outlives it.

Called with "many", it loads what moto's services need, which takes two seconds of CPU, and forks
for each account, which takes milliseconds. Descriptor 3 is a Unix socket then. Each byte on it
brings four descriptors: the socket to serve on, the log, the pipe that ends when the account is
not wanted any more, and a pipe that stays open until the fork has ended.
"""

import os
import random
import signal
import socket
import sys
import threading

from moto.moto_api._internal import mock_random
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
from werkzeug.test import Client

INHERITED = 3

# A call that changes nothing, for each service that takes long to load: the first call does that.
LOADING_CALLS = {
    "acm": ("CertificateManager.ListCertificates", "{}"),
    "application-autoscaling": ("AnyScaleFrontendService.DescribeScalableTargets", '{"ServiceNamespace": "ecs"}'),
    "ec2": (None, "Action=DescribeVpcs&Version=2016-11-15"),
    "ecr": ("AmazonEC2ContainerRegistry_V20150921.DescribeRepositories", "{}"),
    "ecs": ("AmazonEC2ContainerServiceV20141113.ListClusters", "{}"),
    "elasticloadbalancing": (None, "Action=DescribeLoadBalancers&Version=2015-12-01"),
    "iam": (None, "Action=ListRoles&Version=2010-05-08"),
    "logs": ("Logs_20140328.DescribeLogGroups", "{}"),
    "monitoring": (None, "Action=DescribeAlarms&Version=2010-08-01"),
    "sns": (None, "Action=ListTopics&Version=2010-03-31"),
    "ssm": ("AmazonSSM.DescribeParameters", "{}"),
    "sts": (None, "Action=GetCallerIdentity&Version=2011-06-15"),
}


def end_with(descriptor):
    """Ends this process when the other end of a pipe is closed."""

    def wait():
        while os.read(descriptor, 1):
            pass
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def serve(application, descriptor):
    host, port = socket.socket(fileno=os.dup(descriptor)).getsockname()
    os.environ["MOTO_PORT"] = str(port)
    make_server(host, port, application, threaded=True, fd=descriptor).serve_forever()


def load(application):
    client = Client(application)
    for service, (target, body) in LOADING_CALLS.items():
        scope = f"test/20250101/us-east-1/{service}/aws4_request"
        headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none"}
        if target:
            headers |= {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
        else:
            headers |= {"Content-Type": "application/x-www-form-urlencoded"}
        answer = client.post("/", data=body, headers=headers)
        if answer.status_code != 200:
            sys.exit(f"load {service}: {answer.status}: {answer.get_data(as_text=True)}")


def fork_for_each(application, requests):
    load(application)
    running = {}

    def report_ended(*_):
        # Not the fork itself holds its pipe: it might close that before the socket that it serves on.
        for fork in list(running):
            if os.waitpid(fork, os.WNOHANG) != (0, 0):
                os.close(running.pop(fork))

    signal.signal(signal.SIGCHLD, report_ended)
    while True:
        request, descriptors, _, _ = socket.recv_fds(requests, 1, 4)
        if not request:
            return
        listener, log, wanted, ended = descriptors
        # A fork may end before it is known here.
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
        fork = os.fork()
        if fork == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
            requests.close()
            for descriptor in [ended, *running.values()]:
                os.close(descriptor)
            os.dup2(log, sys.stdout.fileno())
            os.dup2(log, sys.stderr.fileno())
            # Forks share the state of the generators, and so would make the same identifiers.
            random.seed()
            mock_random.seed()
            end_with(wanted)
            serve(application, listener)
        for descriptor in (listener, log, wanted):
            os.close(descriptor)
        running[fork] = ended
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])


if sys.argv[1] == "one":
    end_with(sys.stdin.fileno())
    serve(DomainDispatcherApplication(create_backend_app), INHERITED)
else:
    fork_for_each(DomainDispatcherApplication(create_backend_app), socket.socket(fileno=INHERITED))
