"""What all tests share."""

import torch

pytest_plugins = ["tests.browser"]

torch.set_num_threads(1)  # as in the notebooks; the runner has a process for each core
