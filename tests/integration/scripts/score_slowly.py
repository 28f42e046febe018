# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Score a folder on Ray, as ``score-many`` does, with a model that is none and takes its time, to be disturbed.

With ``--lose-node`` it runs on a cluster of two nodes of its own, one of which dies in the middle.
"""

import argparse
import logging
import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from anomalib_scadn.cli.console import DONE, guarded
from anomalib_scadn.deploy.distributed import session
from anomalib_scadn.deploy.distributed.actors import Workers
from anomalib_scadn.deploy.distributed.run import score_many
from anomalib_scadn.deploy.inspection.outcome import HEATMAPS, Outputs
from anomalib_scadn.deploy.inspection.run_record import describe_run
from anomalib_scadn.deploy.result import InferenceResult


def make_load(seconds):
    """Make a loader in a function, which Ray sends as it is: actors cannot find this file."""

    def load():
        flat = np.zeros((8, 8), dtype=np.float32)

        def predict_many(images):
            for image in images:
                time.sleep(seconds)
                scores = {"raw_score": 0.5, "pred_score": 0.5, "pred_label": False, "selected_scale": 0}
                maps = {"raw_map": flat, "anomaly_map": flat, "pred_mask": flat > 0, "scale_maps": None}
                yield image, InferenceResult(**scores, **maps)

        nothing = dict.fromkeys(("tile", "ignored", "bit_depth"))
        return SimpleNamespace(**nothing, batch_size=1, predict_many=predict_many)

    return load


def lose_node(cluster, node, target, enough) -> None:
    """Kill a node when some images are scored."""
    import ray

    while sum(1 for _ in (target / HEATMAPS).rglob("*.png")) < enough:
        time.sleep(0.05)
    if node.node_id == ray.get_runtime_context().get_node_id():
        sys.exit("the node to lose is the writer's")
    cluster.remove_node(node, allow_graceful=False)
    print("lost a node")


def main() -> None:
    """Score, on a cluster or not."""
    parser = argparse.ArgumentParser()
    parser.add_argument("source")
    parser.add_argument("target", type=Path)
    parser.add_argument("sockets", help="folder for Ray's own")
    parser.add_argument("--lose-node", type=int, default=0, help="after so many images")
    arguments = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # may be ignored by what has started the tests
    session.SOCKETS = arguments.sockets
    logging.basicConfig(level=logging.WARNING)
    model = Path(arguments.source) / ".model.ckpt"
    model.write_text("none")
    address = None
    if arguments.lose_node:
        # A second instead of fifteen until the loss is noticed, and two instead of ten until a task is tried again.
        os.environ |= {"RAY_health_check_period_ms": "300", "RAY_health_check_failure_threshold": "3"}
        session.ENVIRONMENT["RAY_task_actor_unavailable_retry_delay_base_ms"] = "2000"
        os.environ |= {**session.ENVIRONMENT, "RAY_TMPDIR": arguments.sockets}  # before Ray is imported
        from ray.cluster_utils import Cluster

        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        node, address = cluster.add_node(num_cpus=1), cluster.address
        arguments_of_loss = (cluster, node, arguments.target, arguments.lose_node)
        threading.Thread(target=lose_node, args=arguments_of_loss, daemon=True).start()

    def score(_) -> int:
        workers = Workers(make_load(0.05), actors=2)
        found = score_many(
            arguments.source, arguments.target, describe_run(model), workers, Outputs(pictures="all"), address=address
        )
        print(found.done, found.failed)
        return DONE

    status = guarded(score, {})
    if address is not None:
        cluster.shutdown()
        shutil.rmtree(Path(arguments.sockets) / "ray", ignore_errors=True)
    sys.exit(status)


if __name__ == "__main__":
    main()
