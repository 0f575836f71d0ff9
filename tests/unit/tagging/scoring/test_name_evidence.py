"""Names looked up by their words say what asking every pattern of every tag would."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from consumer.tagging.bundle.bundle import default_bundle_path, load_bundle
from consumer.tagging.bundle.calibration import NameWeights
from consumer.tagging.bundle.name_patterns import AssetNames, matches
from consumer.tagging.scoring.name_evidence import NameEvidence

CATEGORIES = load_bundle(default_bundle_path()).taxonomy.categories
PATTERNS = sorted({pattern for spec in CATEGORIES.values() for tag in spec.tags.values() for pattern in tag.names})
FITTED = NameWeights(
    labels_sha256="0",
    images=1,
    weights={
        category: {
            name: {key: len(key) - 4.0 for pattern in tag.names for key in (pattern, f"{pattern}/")}
            for name, tag in spec.tags.items()
        }
        for category, spec in CATEGORIES.items()
    },
    stem=0.7,
    folder=-0.2,
)
# Words of patterns, whole, cut and in plurals, beside anything else.
_words = st.sampled_from(PATTERNS).flatmap(
    lambda pattern: st.sampled_from([pattern.strip("_*"), f"{pattern.strip('_*')}s", f"{pattern}es", pattern[:-1], "x"])
)
_names = st.lists(st.lists(_words, min_size=1, max_size=4).map("_".join), min_size=1, max_size=4).map("/".join)


@given(st.lists(_names | st.text(max_size=20), max_size=3), st.sampled_from([None, FITTED]))
def test_it_says_what_every_pattern_asked_alone_would(names: list[str], fitted: NameWeights | None) -> None:
    called = AssetNames.of(names)
    evidence = NameEvidence(CATEGORIES, fitted)
    found = evidence.of(called)

    for category, spec in CATEGORIES.items():
        expected = []
        for name, tag in spec.tags.items():
            weights = fitted.weights[category][name] if fitted else {}
            keys = matches(tag.names, called)
            expected.append(max((weights.get(key, 0.5 if key.endswith("/") else 1.0) for key in keys), default=0.0))
        assert np.array_equal(found[evidence.places[category]], expected)
