#!/usr/bin/env bash
# Guess: OpenEXR writes the values of the numpy array that it is handed, or raises where it cannot take a view of an array.
# Finding: it asks for shape and type alone and not for strides: a turned, thinned or reordered view is written as its
# memory goes on from its first value, without an error. BGR that is turned to RGB by [..., ::-1] stays BGR, and is
# shifted by two thirds of a pixel. numpy.ascontiguousarray before it is the way out.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check openexr==3.5.3 numpy==2.4.6
venv/bin/python - <<'PY'
from importlib.metadata import version

import numpy
import OpenEXR

print("OpenEXR", version("openexr"), "numpy", version("numpy"))


def written_and_read(channel, values):
    OpenEXR.File({}, {channel: values}).write("picture.exr")
    with OpenEXR.File("picture.exr") as picture:
        return picture.channels()[channel].pixels


def lost(name, channel, view):
    """Whether a view comes back as another picture, while the same values in an array of their own come back right."""
    back, right = written_and_read(channel, view), written_and_read(channel, numpy.ascontiguousarray(view))
    assert (right == view).all()
    print(f"{name}: handed {view.ravel()[:6].tolist()}..., read {back.ravel()[:6].tolist()}...")
    return back.shape == view.shape and not (back == view).all()


height = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)
# One row more than is written, so that what is read behind the view's end is still the array's.
bgr = numpy.arange(36, dtype=numpy.float32).reshape(3, 4, 3)
seen = [
    lost("turned by .T", "Y", height.T),
    lost("every second column", "RGB", bgr[:2, ::2]),
    lost("BGR turned to RGB by [..., ::-1]", "RGB", bgr[:2, :, ::-1]),
]
assert seen == [True] * 3, "the finding no longer holds"
assert written_and_read("RGB", bgr[:2, :, ::-1])[0, :2].tolist() == [[2, 3, 4], [5, 6, 7]]
PY
