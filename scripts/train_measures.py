"""Fit the text measures' weights: ``python -m scripts.train_measures --data DIR``.

Owns writing ``rubrics/measures/weights/``. Invariant: the same data, library and day give the same files; a measure whose
interval's lower end stays under what its card asks is written with weight 0; no text of the data is written, only hashes of
features and sums over records. Leaves out the fit (``validation.training``) and the figures (``validation.realdata``).
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from interviews.errors import PairsightError
from rubrics.measures import base, follow_up, specificity
from rubrics.measures.text import BUCKET_BITS
from validation import realdata, training
from validation.training import Fitted, Rated

TRAINER = 1
SETS = {
    training.REVIEWS: ("CRScore: review comments rated by two people", "MIT"),
    training.FOLLOW_UPS: (
        "CodeChat: follow-ups labelled by one person",
        "repository MIT, text from WildChat ODC-BY 1.0",
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="train_measures", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the data sets")
    parser.add_argument("--out", type=Path, default=base.FOLDER, metavar="DIR", help="where weights go")
    parser.add_argument(
        "--date", default=datetime.datetime.now(datetime.UTC).date().isoformat(), help="the day to write down"
    )
    options = parser.parse_args()
    try:
        reviews, follow_ups = training.reviews(options.data), training.follow_ups(options.data)
        with threadpool_limits(1):
            figures = realdata.cross_validated(reviews, follow_ups)
    except PairsightError as error:
        print(f"train_measures: {error}", file=sys.stderr)
        return 1
    print(json.dumps(figures, indent=2))
    with threadpool_limits(1):
        _write_all(options, reviews, follow_ups, figures)
    return 0


def _write_all(options: argparse.Namespace, reviews: Rated, follow_ups: Rated, figures: dict[str, Any]) -> None:
    _write(options, specificity.NAME, reviews, training.fit_specificity, figures[specificity.NAME], _of_specificity)
    _write(options, follow_up.NAME, follow_ups, training.fit_follow_up, figures[follow_up.NAME], _of_follow_up)


def _of_specificity(figures: dict[str, Any]) -> tuple[str, str]:
    against = figures["against"]["Com+Rel"]
    return (
        f"lower end of Spearman's rho with ratings >= {realdata.ASKED_SPEARMAN}, with length partialled out >= "
        f"{realdata.ASKED_PARTIAL}, cross-validated by diff",
        f"{_told(against['spearman'])}; with length partialled out {_told(against['partial'])}",
    )


def _of_follow_up(figures: dict[str, Any]) -> tuple[str, str]:
    return (
        f"lower end of Cohen's kappa with the human label >= {realdata.ASKED_KAPPA}, cross-validated by conversation",
        _told(figures["kappa"]),
    )


def _told(figure: dict[str, Any]) -> str:
    return f"{figure['value']} [{figure['low']}, {figure['high']}]"


def _write(options: argparse.Namespace, name: str, data: Rated, fit: Any, figures: dict[str, Any], told: Any) -> None:
    fitted: Fitted = fit(data, range(len(data.groups)))
    asks, reached = told(figures)
    title, licence = SETS[data.file]
    document = {
        "measure": name,
        "card": {
            "asks": asks,
            "reached": reached,
            "weight": int(figures["reached"]),
            "why": "reached" if figures["reached"] else "not reached: it may be shown, and nothing in a score uses it",
        },
        "provenance": {
            "data": [
                {
                    "name": title,
                    "file": data.file,
                    "licence": licence,
                    "records": len(data.groups),
                    "groups": len(set(data.groups)),
                    "sha256": data.sha256,
                }
            ],
            "date": options.date,
            "trainer": {"version": TRAINER, "scikit-learn": version("scikit-learn"), "numpy": version("numpy")},
            "features": {
                "hash": f"CRC-32 of the feature's name, the lower {BUCKET_BITS} bits",
                "least_records": training.LEAST[name],
                "with_weight": len(fitted.rows),
                "parts": base.SCALE,
            },
            "figures": {key: value for key, value in figures.items() if key not in ("reached", "file", "sha256")},
        },
        "labels": fitted.labels,
        "bias": fitted.bias,
        "weights": {str(number): row for number, row in fitted.rows.items()},
    }
    # One feature a line: a change of weights can be read.
    rows = ",\n".join(f'  "{number}": {json.dumps(row)}' for number, row in fitted.rows.items())
    head = json.dumps({key: value for key, value in document.items() if key != "weights"}, indent=1)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / f"{name}.json").write_text(f'{head[:-2]},\n "weights": {{\n{rows}\n }}\n}}\n', "utf-8")


if __name__ == "__main__":
    sys.exit(main())
