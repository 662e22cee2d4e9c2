"""Serve moto: emulated AWS accounts, each in a process of its own.

Called with "one", it serves one account on the socket inherited as descriptor 3, until standard
input ends. That is a pipe from the process that started this one. It ends when that process does,
whatever the way, so the emulator never outlives it.

Called with "many", it forks for each account. A fork is used for a socket to serve on and a log.

First it loads what moto's services need, which takes more than a second of CPU; a fork takes milliseconds.
"""

import functools
import os
import random
import socket
import sys

from forks import begin_to_collect_garbage, end_with, fork_for_each
from moto import backends
from moto.core import responses
from moto.ecs import responses as ecs
from moto.kms import models as kms
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
    "kms": ("TrentService.ListKeys", "{}"),
    "logs": ("Logs_20140328.DescribeLogGroups", "{}"),
    "monitoring": (None, "Action=DescribeAlarms&Version=2010-08-01"),
    "s3": (None, None),
    "sns": (None, "Action=ListTopics&Version=2010-03-31"),
    "ssm": ("AmazonSSM.DescribeParameters", "{}"),
    "sts": (None, "Action=GetCallerIdentity&Version=2011-06-15"),
}


# moto finds both anew for each request, which takes a third of its time. They do not change.
MODULES = frozenset(backends.list_of_moto_modules())
backends.list_of_moto_modules = lambda: MODULES
responses.method_names_from_class = functools.cache(responses.method_names_from_class)

# moto makes an RSA key for each symmetric key too, which takes longer than all else that a sandbox asks of KMS. Only
# GetPublicKey would use it, which AWS refuses for such a key.
make_private_key = kms.generate_private_key
kms.generate_private_key = lambda spec: None if spec == "SYMMETRIC_DEFAULT" else make_private_key(spec)


# moto forgets a service's grace period, which try-image asks for.
def with_grace_period(handle):
    @functools.wraps(handle)
    def handler(response):
        result = handle(response)
        period = response._get_param("healthCheckGracePeriodSeconds")
        if period is not None:
            result.result["service"].health_check_grace_period_seconds = period
        return result

    return handler


ecs.EC2ContainerServiceResponse.create_service = with_grace_period(ecs.EC2ContainerServiceResponse.create_service)
ecs.EC2ContainerServiceResponse.update_service = with_grace_period(ecs.EC2ContainerServiceResponse.update_service)


def serve(application, descriptor):
    host, port = socket.socket(fileno=os.dup(descriptor)).getsockname()
    os.environ["MOTO_PORT"] = str(port)
    make_server(host, port, application, threaded=True, fd=descriptor).serve_forever()


def load(application):
    client = Client(application)
    # Whoever starts an emulator asks this to learn that it answers.
    client.get("/moto-api/")
    for service, (target, body) in LOADING_CALLS.items():
        scope = f"test/20250101/us-east-1/{service}/aws4_request"
        headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none"}
        if target:
            headers |= {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
        elif body:
            headers |= {"Content-Type": "application/x-www-form-urlencoded"}
        answer = client.open("/", method="POST" if body else "GET", data=body, headers=headers)
        if answer.status_code != 200:
            sys.exit(f"load {service}: {answer.status}: {answer.get_data(as_text=True)}")


def serve_fork(application, listener, log):
    for stream in (sys.stdout, sys.stderr):
        os.dup2(log, stream.fileno())
    os.close(log)
    # Forks share the state of the generators, and so would make the same identifiers.
    random.seed()
    mock_random.seed()
    serve(application, listener)


application = DomainDispatcherApplication(create_backend_app)
if sys.argv[1] == "one":
    end_with(sys.stdin.fileno())
    load(application)
    begin_to_collect_garbage()
    serve(application, INHERITED)
else:
    load(application)
    fork_for_each(functools.partial(serve_fork, application))
