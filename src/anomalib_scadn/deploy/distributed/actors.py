# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""How many actors score, and what each of them needs of a machine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from anomalib_scadn.checks import check_count

from .scorer import Load

SHARE = 0.8
"""Share of a CPU that Ray counts for each thread of an actor; the rest is for reading shards, on two CPUs too."""


@dataclass(frozen=True)
class Workers:
    """The actors that score.

    Args:
        load (Load): Loads the model in each of them; it is sent there, and so must be picklable.
        actors (int | None): How many. Defaults to ``None``: as many as CPUs or GPUs have room for.
        threads (int): CPU threads of each. Defaults to ``1``.
        gpu (bool): Whether each has a GPU of its own. Defaults to ``False``.
        max_pixels (int | None): Pixels of the largest image. Defaults to ``None``, Pillow's limit.

    Raises:
        ValueError: If a number is below 1.
    """

    load: Load
    actors: int | None = None
    threads: int = 1
    gpu: bool = False
    max_pixels: int | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        check_count(1, actors=self.actors, threads=self.threads, max_pixels=self.max_pixels)

    @property
    def cpus(self) -> int | None:
        """CPUs that all actors need; ``None`` if they take what there is."""
        return None if self.actors is None else self.actors * self.threads

    def check_room(self, cpus: float) -> None:
        """Raise unless one machine has room for the threads of all actors; GPUs are Ray's to count.

        Args:
            cpus (float): CPUs of the machine.

        Raises:
            ValueError: If they are too few.
        """
        self.check_threads(cpus)
        room = max(1, int(cpus // self.threads))
        if not self.gpu and self.actors is not None and self.actors > room:
            msg = f"actors must be at most {room} with {cpus:g} CPUs and threads {self.threads}, got {self.actors}"
            raise ValueError(msg)

    def check_threads(self, cpus: float) -> None:
        """Raise if an actor's threads fit into no machine: Ray would wait for a larger one without end.

        Args:
            cpus (float): CPUs of the largest machine.

        Raises:
            ValueError: If they are too few.
        """
        if SHARE * self.threads > cpus:
            msg = f"threads must be at most {cpus:g}, the CPUs of the largest machine, got {self.threads}"
            raise ValueError(msg)

    def count(self, machines: Sequence[Mapping[str, float]]) -> int:
        """Count the actors that the machines have room for.

        Args:
            machines (Sequence[Mapping[str, float]]): Resources of each machine by Ray's name.

        Returns:
            int: At least 1.

        Raises:
            ValueError: If GPUs are needed and there are none, or an actor's threads fit into no machine.
        """
        fit = [machine for machine in machines if machine.get("GPU")] if self.gpu else machines
        if not fit:
            msg = "Ray has no GPU here; expected a machine with one, or --device cpu"
            raise ValueError(msg)
        self.check_threads(max(machine.get("CPU", 0) for machine in fit))
        if self.actors:
            return self.actors
        rooms = (machine.get("GPU", 0) if self.gpu else machine.get("CPU", 0) // self.threads for machine in fit)
        return max(1, int(sum(rooms)))
