# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""How many actors there are."""

import pytest

from anomalib_scadn.deploy.distributed.actors import Workers


def test_each_machine_has_room_for_whole_actors():
    machines = [{"CPU": 3.0}, {"CPU": 3.0, "GPU": 2.0}, {"object_store_memory": 1.0}]
    assert Workers(list).count(machines) == 6
    assert Workers(list, threads=2).count(machines) == 2
    assert Workers(list, threads=2, actors=7).count(machines) == 7
    assert Workers(list, gpu=True).count(machines) == 2
    assert Workers(list).count([{"CPU": 0.9}]) == 1
    with pytest.raises(ValueError, match="no GPU"):
        Workers(list, gpu=True).count(machines[:1])


@pytest.mark.parametrize("workers", [{"threads": 8}, {"threads": 8, "actors": 1}, {"threads": 4, "gpu": True}])
def test_threads_that_fit_into_no_machine_are_refused(workers):
    """Two machines have these CPUs together, but no actor can be on both."""
    machines = [{"CPU": 6.0}, {"CPU": 3.0, "GPU": 1.0}]
    largest = 3 if "gpu" in workers else 6
    with pytest.raises(ValueError, match=f"at most {largest}, .* largest machine, got {workers['threads']}"):
        Workers(list, **workers).count(machines)
    with pytest.raises(ValueError, match=f"at most 2, .* got {workers['threads']}"):
        Workers(list, **workers).check_threads(2)


@pytest.mark.parametrize(("cpus", "threads", "room"), [(2, 1, 2), (2, 2, 1), (10, 1, 10), (11, 3, 3), (1, 1, 1)])
def test_actors_that_one_machine_has_no_room_for_are_refused(cpus, threads, room):
    Workers(list, threads=threads, actors=room).check_room(cpus)
    Workers(list, threads=threads).check_room(cpus)
    Workers(list, threads=threads, actors=room + 1, gpu=True).check_room(cpus)
    message = f"actors must be at most {room} with {cpus} CPUs and threads {threads}, got {room + 1}"
    with pytest.raises(ValueError, match=message):
        Workers(list, threads=threads, actors=room + 1).check_room(cpus)
