import torch

from benchmarks.runtime.yolov3 import YOLOv3


def test_it_is_the_network_of_the_paper() -> None:
    with torch.device("meta"):
        model = YOLOv3()
        maps = model(torch.empty(1, 3, 416, 416))
    assert [tuple(m.shape) for m in maps] == [(1, 255, 13, 13), (1, 255, 26, 26), (1, 255, 52, 52)]
    assert sum(p.numel() for p in model.parameters()) == 61_949_149
