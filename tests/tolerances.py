# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Bounds for results that differ in the order of their sums alone, on whatever processor.

A processor, a batch size or a runtime decides in which order a convolution adds up, and so how it rounds. A sum of n
values is then off by about sqrt(n) units in the last place of its largest part (Higham 2002, Section 4.2: rounding
errors as a random walk), and a chain of sums by as much for each of its links.
"""

import math

EPSILON = 2.0**-23
"""Distance of 1 from the next larger number in single precision."""

SAFETY = 4
"""Times that a bound lies above the expected size of an error."""


def rounding(summands: int, links: int = 1, size: float = 1.0) -> float:
    """Bound the difference of two orders of summation in single precision.

    Args:
        summands (int): n, values that each sum adds up.
        links (int): Sums one after the other. Defaults to ``1``.
        size (float): Largest absolute value. Defaults to ``1.0``.

    Returns:
        float: Absolute bound.
    """
    return SAFETY * links * math.sqrt(summands) * EPSILON * size


def generator_rounding(base_channels: int) -> float:
    """Bound what two runs of the generator may differ by in an image in [0, 1].

    Args:
        base_channels (int): Channels of the first layer; the residual blocks sum over 8 times as many, 3 x 3 pixels.

    Returns:
        float: Absolute bound.
    """
    return rounding(9 * 8 * base_channels, links=24)  # convolutions, each with an instance norm


def score_rounding(base_channels: int) -> float:
    """Bound what two runs may differ by in a raw score or in mu_i: means over maps of at least 24 x 32 pixels.

    Were the errors of the pixels independent, the mean's would be a 27th of theirs; an eighth is allowed.

    Args:
        base_channels (int): Channels of the generator's first layer.

    Returns:
        float: Absolute bound.
    """
    return generator_rounding(base_channels) / 8
