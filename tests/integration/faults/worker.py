# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Carry tasks out in processes that may die: a task a line on stdin, as JSON; a line on stdout says how it ended.

The imports take seconds, so they are done once. Each task is a process of its own, forked before any runtime has
started a thread. It may be told to die at one of the moments at which it changes a folder, and how long its files may
become.
"""

import json
import os
import random
import resource
import runpy
import shutil
import signal
import sys
import traceback
from pathlib import Path

import numpy as np
import onnxruntime  # noqa: F401  # imported once, as the next
import openvino  # noqa: F401
import torch

from anomalib_scadn import Scadn
from anomalib_scadn.data.cropping import crop_folder
from anomalib_scadn.deploy import StripedMaskInferencer
from anomalib_scadn.deploy.inspection.folder import score_folder
from anomalib_scadn.deploy.inspection.run_record import describe_run
from anomalib_scadn.export import export_generator

CHANGES = {"os.mkdir", "os.remove", "os.rename", "os.rmdir"}
RUNS_CODE = {"os.exec", "os.fork", "os.posix_spawn", "os.system", "pickle.find_class", "subprocess.Popen"}
MOST_MEMORY, MOST_SECONDS = 2**35, 120
fit = runpy.run_path(str(Path(__file__).parents[1] / "scripts" / "fit.py"))["fit"]
ran: list[str] = []
"""Code that was run since the process was forked."""


def load(files):
    """Load each model and score an image; what is found goes out file by file, since any may end the process."""
    image = np.random.default_rng(0).integers(0, 256, (30, 28, 3), dtype=np.uint8)
    for file in files:
        try:
            found = {"raw_score": StripedMaskInferencer(file).predict(image).raw_score}
        except Exception as error:
            found = describe(error)
        yield {**found, "code": ran}


def score(model, source, target):
    """Score a folder."""
    inferencer = StripedMaskInferencer(model)
    return score_folder(inferencer, source, target, describe_run(Path(model)))


def crop(source, target):
    """Cut a folder."""
    crop_folder(source, target, size=16)


def export(checkpoint, graph, target):
    """Export the generator of a checkpoint; the graph is taken from a former export, since tracing takes seconds."""

    def write(*arguments, **named):
        file = Path(named.get("f") or arguments[2])
        for path in Path(graph).parent.glob(f"{Path(graph).name}*"):
            shutil.copyfile(path, file.with_name(path.name))

    torch.onnx.export = write
    export_generator(Scadn.load_from_checkpoint(checkpoint).eval(), target)


TASKS = {"load": load, "score": score, "crop": crop, "export": export, "fit": fit}


def describe(error):
    """Say what was raised."""
    return {"error": type(error).__name__, "message": str(error), "trace": traceback.format_exc()[-2000:]}


def watch(output, die_at, delay):
    """Count the moments at which files change, die at one of them or shortly after, and notice code that runs."""
    count = 0

    def hook(event, arguments):
        nonlocal count
        if event in RUNS_CODE:
            ran.append(f"{event} {arguments}")
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if not (writes or event in CHANGES) or output not in str(arguments[0]):
            return
        count += 1
        if count == die_at:
            if not delay:
                os.kill(os.getpid(), signal.SIGKILL)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, delay)

    sys.addaudithook(hook)
    return lambda: count


def carry_out(task, arguments, pipe, output="", die_at=0, delay=0.0, longest=None):
    """Carry a task out in this process, and end it."""
    changes = watch(output, die_at, delay)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if longest is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (longest, longest))
    random.seed()  # as in a new interpreter
    try:
        found = TASKS[task](*arguments)
        for part in found if task == "load" else [{"result": found}]:
            os.write(pipe, json.dumps({**part, "changes": changes()}).encode() + b"\n")
    except BaseException as error:
        os.write(pipe, json.dumps(describe(error)).encode() + b"\n")
    os._exit(0)


def fork(**order):
    """Carry a task out in a process of its own, and give its end: 0, or minus the signal that ended it."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(quiet, stream)
        carry_out(pipe=write, **order)
    os.close(write)
    with os.fdopen(read) as pipe:
        found = [json.loads(line) for line in pipe]
    return {"end": os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), "found": found}


def main():
    """Serve."""
    torch.set_num_threads(1)
    for line in sys.stdin:
        print(json.dumps(fork(**json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
