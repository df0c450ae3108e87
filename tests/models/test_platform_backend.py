"""The same model files on the Platform backend, without torch: same keys, and same outputs for the same weights."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from tests.models.catalogue import PUBLIC, ROOT, load_weights
from tests.models.platform_outputs import outputs_of, state_of
from tests.models.unweighted import Unweighted

#: How much further than torch's own float32 results the Platform's may be from torch's float64 ones; measured: 0.5 to 1.6.
#: Wrong semantics (padding, order, a forgotten activation) show as a hundredth of the peak and more.
NOISE = 4.0
#: Allowed of the peak whatever torch's noise is.
FLOOR = 2e-6
#: How far apart the answers for two images are at least, of the peak: hundreds of times what is allowed.
APART = 2e-3


def in_float64(array):
    """A tensor of the array, floats in double precision."""
    tensor = torch.from_numpy(array)
    return tensor.double() if tensor.is_floating_point() else tensor


@pytest.fixture(scope="module")
def on_the_platform(request, tmp_path_factory):
    """Folder of what the Platform computed; one process for all names that are tested, so that NumPy is imported once."""
    names = [str(item.callspec.params["public"]) for item in request.session.items if item.path == request.path]
    folder = tmp_path_factory.mktemp("platform")
    environment = {k: v for k, v in os.environ.items() if k != "MCORE_BACKEND"} | {"OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "error", "-m", "tests.models.platform_outputs", str(folder), *names]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


@pytest.mark.parametrize("public", PUBLIC, ids=str)
def test_outputs_and_keys_are_those_of_torch(public, on_the_platform):
    error = on_the_platform / f"{public}.error"
    assert not error.exists(), error.read_text()
    with np.load(on_the_platform / f"{public}.npz") as stored:
        state = json.loads(str(stored["state"]))
        ours = [stored[f"out.{i}"] for i in range(len(stored.files) - 1)]
    with Unweighted():
        model = public.target()
    load_weights(model, torch.from_numpy, assign=True)
    assert list(state.items()) == list(state_of(model).items())
    with torch.no_grad():
        theirs = outputs_of(public, model.eval(), torch.from_numpy, lambda t: t.numpy())
        exact = outputs_of(public, model.double(), in_float64, lambda t: t.numpy())
    for a, b, truth in zip(ours, theirs, exact, strict=True):
        assert a.dtype == np.float32
        assert a.shape == truth.shape
        peak = np.abs(truth).max()
        assert np.abs(truth[0] - truth[1]).max() > APART * peak, "the two images of the batch must not look alike"
        noise = np.abs(b - truth).max() / peak
        assert np.abs(a - truth).max() / peak <= NOISE * noise + FLOOR
        assert noise < 1e-3, "the reference itself must mean something"
