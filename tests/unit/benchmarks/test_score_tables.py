# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Tables of scores and of ways to train."""

from anomalib_scadn.cli.choose import COLUMNS
from score_tables import (
    SHIPPED,
    SHIPPED_FOR_CLASSES,
    SYNTHETIC,
    choice_table,
    gains_table,
    highlights_table,
    networks_table,
    options_table,
    scores_table,
    ways_table,
    without_table,
)


def metrics(image, pixel=None):
    return {"image_AUROC": image, "pixel_AUROC": pixel, "PerImagePixelAUROC": pixel}


def result(*runs):
    return {"runs": {str(seed): {"metrics": run} for seed, run in enumerate(runs)}}


RESULTS = {
    "digits": result({"paper": metrics(0.9), SHIPPED: metrics(0.8), "other": metrics(0.99)}),
    "lace": result(
        {"paper": metrics(0.5, 0.6), SHIPPED: metrics(0.9, 0.9), "other": metrics(0.7, 0.7)},
        {"paper": metrics(0.7, 0.6), SHIPPED: metrics(0.8, 0.9), "other": metrics(0.7, 0.7)},
        {"paper": metrics(0.6, 0.6), SHIPPED: metrics(0.7, 0.9), "other": metrics(0.7, 0.7)},
    ),
}


def test_scores_are_ordered_by_the_data_that_they_were_chosen_on():
    header, rows = scores_table(RESULTS)
    assert header == ["score", "lace: image", "lace: pixel", "lace: per-image pixel", "digits: image"]
    assert [row[0] for row in rows] == [SHIPPED, "other", "paper"]  # not by the digits
    assert rows[0][1:] == ["0.800", "0.900", "0.900", "0.800"]


def test_highlights_tell_choice_from_confirmation_and_losses_from_gains():
    header, rows = highlights_table(RESULTS)
    assert [row[:3] for row in rows] == [
        ["lace", "choice", "image"],
        ["lace", "choice", "pixel"],
        ["lace", "choice", "per-image pixel"],
        ["digits", "confirmation", "image"],
    ]
    assert rows[0][header.index("paper")] == "0.600 (0.500 to 0.700)"
    assert [row[-1] for row in rows] == ["+0.200", "+0.300", "+0.300", "-0.100"]


def test_classes_have_a_shipped_score_of_their_own():
    digits = result({"paper": metrics(0.9), SHIPPED: metrics(0.8), SHIPPED_FOR_CLASSES: metrics(0.95)})
    assert highlights_table({"mnist_3": digits})[1][0][1:3] == ["choice of pooling and loss", "image"]
    assert highlights_table({"mnist_8": digits})[1][0][-1] == "+0.050"
    assert gains_table({"mnist_8": digits})[1] == [
        ["scadn_plus", "image", "1", "-0.100", "-0.100", "-0.100"],
        ["that of its question", "image", "1", "+0.050", "+0.050", "+0.050"],
    ]


def test_gains_with_a_pretrained_network_are_told_apart_and_only_where_all_data_sets_have_them():
    wide, for_classes = (name.replace("msgms,", "msgms+perceptual,") for name in (SHIPPED, SHIPPED_FOR_CLASSES))
    run = {"paper": metrics(0.5), SHIPPED: metrics(0.6), SHIPPED_FOR_CLASSES: metrics(0.7)}
    with_both = result(run | {wide: metrics(0.8), for_classes: metrics(0.9)})
    assert [row[0::3] for row in gains_table({"mnist_8": with_both})[1]] == [
        ["scadn_plus", "+0.100"],
        ["scadn_plus, with perceptual", "+0.300"],
        ["that of its question", "+0.200"],
        ["that of its question, with perceptual", "+0.400"],
    ]
    lacking = gains_table({"mnist_8": with_both, "mnist_9": result(run)})[1]
    assert [row[0] for row in lacking] == ["scadn_plus", "that of its question"]


def test_options_have_a_row_each_and_a_gap_where_nothing_was_run():
    run = {"metrics": {"paper": metrics(0.5, 0.6), SHIPPED: metrics(0.9, 0.8)}}
    results = {"lace": {"runs": {"flips/0": run, "as configured/0": run}}, "cloth": {"runs": {"flips/0": run}}}
    header, rows = options_table(results)
    assert len(header) == 9
    assert [row[0] for row in rows] == ["flips", "as configured"]
    assert rows[0][1:5] == ["0.500", "0.600", "0.900", "0.800"]
    assert rows[1][5:] == [""] * 4


def test_gains_are_means_over_the_data_sets_that_have_the_metric():
    header, rows = gains_table(RESULTS)
    assert header[2:] == ["data sets and classes", "mean gain", "mean gain, MNIST once", "lowest gain"]
    assert rows == [
        ["scadn_plus", "image", "2", "+0.050", "+0.050", "-0.100"],
        ["scadn_plus", "per-image pixel", "1", "+0.300", "+0.300", "+0.300"],
        ["scadn_plus", "pixel", "1", "+0.300", "+0.300", "+0.300"],
    ]


def test_classes_of_mnist_can_be_counted_as_one_data_set():
    classes = {
        f"mnist_{digit}": result({"paper": metrics(0.5), SHIPPED: metrics(score), SHIPPED_FOR_CLASSES: metrics(score)})
        for digit, score in ((3, 0.6), (8, 0.8))
    }
    _, rows = gains_table({"lace": RESULTS["lace"], **classes})
    assert rows[0] == ["scadn_plus", "image", "3", "+0.200", "+0.200", "+0.100"]
    unlike = result({"paper": metrics(0.5), SHIPPED: metrics(1.0), SHIPPED_FOR_CLASSES: metrics(1.0)})
    _, rows = gains_table({"lace": unlike, **classes})
    assert rows[0] == ["scadn_plus", "image", "3", "+0.300", "+0.350", "+0.100"]


def way(image, repaired, pixel=None):
    return {**metrics(image, pixel), "synthetic_image_AUROC": 1 - repaired, "repair_rate": repaired}


WAYS = {
    "cells": {
        "runs": {
            "stripes/once/10/0": way(0.7, 0.6),
            "stripes/once/20/0": way(0.75, 0.65),
            "stripes/striped/20/0": way(0.8, 0.9),
            "repair/once/20/0": way(0.85, 0.8),
            "repair/once/20/1": way(0.87, 0.84),
        }
    },
    "lace": {
        "runs": {
            "stripes/once/20/0": way(0.9, 0.9, 0.95),
            "stripes/striped/20/0": way(0.8, 0.7, 0.9),
            "repair/once/20/0": way(0.99, 0.8, 0.99),
        }
    },
}


def test_ways_are_listed_with_their_spread():
    header, rows = ways_table(WAYS)
    assert header[:5] == ["data set", "trained on", "asked", "steps", "image"]
    assert len(rows) == 7
    assert rows[3] == ["cells", "repair", "once", "20", "0.860 (0.850 to 0.870)", "", "", *rows[3][7:]]
    assert rows[3][7] == "0.820 (0.800 to 0.840)"


def test_networks_trained_to_repair_are_listed_by_what_they_are_made_of():
    runs = {f"repair/once/20/{seed}": {**way(0.9, 0.5), "multiply_adds": 2 * 10**9} for seed in range(3)}
    shared = {"data": {"cells": "3 files"}, "base_channels": 8}
    results = {
        "cells_8_separable_4": {**shared, "residual": "separable", "residual_blocks": 4, "runs": runs},
        "cells_8_full": {**shared, "residual": "full", "runs": {**runs, "stripes/once/20/0": way(0.6, 0.6)}},
    }
    assert networks_table(results)[1] == [
        ["cells", "8", "8 full", "20", "2.00 G", "0.900", "", "", "0.500", "0.500"],
        ["cells", "8", "4 separable", "20", "2.00 G", "0.900", "", "", "0.500", "0.500"],
    ]


def test_the_choice_is_made_by_the_repair_rate_alone():
    header, rows = choice_table(WAYS)
    assert next(iter(SYNTHETIC)) == next(iter(COLUMNS))  # what anomalib-scadn choose takes
    told = ("repair rate", "synthetic: image")
    assert header[:5] == ["data set", *(f"rank correlation, {name}" for name in told), "runs", "chosen"]
    # Of the cells' ways the repair rate prefers the better one, of those of lace the worse one; twelve passes
    # are what the choice is compared with, and no choice.
    assert rows[0] == ["cells", "0.70", "-0.70", "5", "repair", "+0.060", "", ""]
    assert rows[1] == ["lace", "0.50", "-0.50", "3", "stripes", "+0.100", "+0.050", "+0.050"]


def test_kinds_of_anomalies_that_a_training_lacks_are_named():
    found = {"synthetic_image_AUROC": 0.6, "repair_rate": 0.5, **metrics(0.7)}
    header, rows = without_table(
        {"cells_line": {"data": {"cells": 0}, "without": "line", "runs": {"repair/once/9/0": found}}}
    )
    assert dict(zip(header, rows[0], strict=True)) == {
        "data set": "cells", "without": "line", "steps": "9", "image": "0.700", "pixel": "", "per-image pixel": "",
        "synthetic: image": "0.600", "repair rate": "0.500",
    }  # fmt: skip
