"""Load the AWS CLI, and run it in a fork for each call.

Called with the path of its script and the folder of the client, which is removed at the end. A fork is used for the
standard streams and the folder of a client, and a pipe with the rest of its call: see client.py. The AWS CLI is the
installed one, script and all.
"""

import contextlib
import importlib
import marshal
import os
import runpy
import shutil
import signal
import sys

from forks import fork_for_each

SCRIPT, FOLDER = sys.argv[1:]

# A script finds modules beside itself first.
sys.path.insert(0, os.path.dirname(SCRIPT))
# Some modules take the home folder when they are loaded. That of the caller is not known yet.
os.environ["HOME"] = FOLDER

import awscli
import awscli.clidriver
import botocore.loaders

# The services that the scripts under test call.
SERVICES = ["cloudwatch", "ecr", "ecs", "elbv2", "events", "iam", "logs", "s3", "sns", "ssm", "sts"]


def keep_files():
    """Lets the AWS CLI read each file that describes a service once. A fork has a copy of its own of what was read."""
    read, files = botocore.loaders.JSONFileLoader.load_file, {}

    def load_file(loader, path):
        if path not in files:
            files[path] = read(loader, path)
        return files[path]

    botocore.loaders.JSONFileLoader.load_file = load_file


def load():
    keep_files()
    driver = awscli.clidriver.create_clidriver()
    for service in SERVICES:
        # Making a client loads the service, and calls nobody.
        driver.session.create_client(service, "us-east-1", aws_access_key_id="none", aws_secret_access_key="none")
    # This loads what reads the arguments of a call and what prints its answer.
    run(["sts", "get-caller-identity", "--generate-cli-skeleton", "output", "--query", "Account"])


def run(arguments):
    """Runs the AWS CLI as its script does, and returns the exit code."""
    sys.argv = [SCRIPT, *arguments]
    try:
        runpy.run_path(SCRIPT, run_name="__main__")
    except SystemExit as end:
        return end.code
    return None


def use(*descriptors):
    *streams, folder, call = descriptors
    for standard, stream in enumerate(streams):
        os.dup2(stream, standard)
    os.fchdir(folder)
    with open(call, "rb") as pipe:
        arguments, environment, mask = marshal.load(pipe)
    for descriptor in (*streams, folder):
        os.close(descriptor)

    os.umask(mask)
    # The client passes on what its caller lets it have, whatever the process that started this one ignores.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_DFL)
    os.environ.clear()
    os.environb.update(environment)
    # These were loaded with another environment: where the AWS CLI's own descriptions of services are, and the user's.
    importlib.reload(awscli)
    botocore.loaders.Loader.CUSTOMER_DATA_PATH = os.path.join(os.path.expanduser("~"), ".aws", "models")
    code = run(arguments)
    if code is not None and not isinstance(code, int):
        return code
    # The end of a Python takes apart all that is loaded, which a fork can do without. It tells of output that nobody takes.
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code or 0)
    return code


load()
fork_for_each(use)
shutil.rmtree(FOLDER, ignore_errors=True)
