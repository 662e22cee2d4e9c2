"""Serve moto: emulations of AWS that share nothing, told apart by a header of each request.

The port is printed on standard output. Each line on standard input names an emulation that nobody uses any more. That is
a pipe from the process that started this one, which ends when the pipe does, whatever the way.
"""

import collections
import functools
import gc
import os
import sys
import threading

# There is little garbage to find while modules are loaded, and to look for it takes a third of the time.
gc.disable()

from moto import backends
from moto.core import base_backend, responses, utils
from moto.ecs import responses as ecs
from moto.kms import models as kms
from moto.s3 import models as s3
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug import serving

gc.freeze()
gc.enable()

# moto finds both anew for each request, which takes a third of its time. They do not change.
MODULES = frozenset(backends.list_of_moto_modules())
backends.list_of_moto_modules = lambda: MODULES
responses.method_names_from_class = functools.cache(responses.method_names_from_class)

# moto makes an RSA key for each symmetric key too, which takes longer than all else that a sandbox asks of KMS. Only
# GetPublicKey would use it, which AWS refuses for such a key.
make_private_key = kms.generate_private_key
kms.generate_private_key = lambda spec: None if spec == "SYMMETRIC_DEFAULT" else make_private_key(spec)


# What moto forgets of a new service. An update it keeps whole.
FORGOTTEN = ("availabilityZoneRebalancing", "deploymentConfiguration", "enableExecuteCommand", "healthCheckGracePeriodSeconds")
create_service = ecs.EC2ContainerServiceResponse.create_service


@functools.wraps(create_service)
def create_whole_service(response):
    result = create_service(response)
    for name in FORGOTTEN:
        setattr(result.result["service"], utils.camelcase_to_underscores(name), response._get_param(name))
    return result


ecs.EC2ContainerServiceResponse.create_service = create_whole_service

# The name of the emulation that a thread works for, and the accounts of each by service.
current = threading.local()
emulations = collections.defaultdict(lambda: collections.defaultdict(dict))


def accounts(service):
    return emulations[current.name][id(service)]


def separate():
    """Lets the dictionaries in which moto keeps all accounts of a service hold those of the current emulation."""

    def of_current(method):
        return lambda self, *arguments: method(accounts(self), *arguments)

    def account(self, number):
        self._create_account_specific_backend(number)
        return accounts(self)[number]

    kept = base_backend.BackendDict
    for name in ("__contains__", "__delitem__", "__iter__", "__len__", "__setitem__", "clear", "get", "items", "keys", "pop", "values"):
        setattr(kept, name, of_current(getattr(dict, name)))
    kept.__getitem__ = account
    # Which account a bucket belongs to. Its name is unique in an emulation.
    s3.S3BackendDict.bucket_accounts = property(lambda self: emulations[current.name]["buckets"])


class Handler(serving.WSGIRequestHandler):
    def log_request(self, *_):
        """Says nothing of a request that was answered. What goes wrong in moto is still told."""


def application(environ, start_response):
    current.name = environ["HTTP_X_EMULATION"]
    return emulator(environ, start_response)


emulator = DomainDispatcherApplication(create_backend_app)
separate()
server = serving.make_server("127.0.0.1", 0, application, threaded=True, request_handler=Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.port, flush=True)
for line in sys.stdin:
    emulations.pop(line.strip(), None)
# Requests that are under way would keep it alive.
os._exit(0)
