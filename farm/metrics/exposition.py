"""The figures in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from farm.metrics.names import METRICS, MetricKind
from farm.metrics.reading import Figures

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_FAMILIES = {MetricKind.GAUGE: GaugeMetricFamily, MetricKind.COUNTER: CounterMetricFamily}


class _Collected(Collector):
    """Figures as the library's own families."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        for metric in METRICS:
            family = _FAMILIES[metric.kind](metric.name, metric.says, labels=metric.labels)
            for sample in self._figures[metric]:
                family.add_metric(sample.labels, float(sample.value))
            yield family


def exposition(figures: Figures) -> str:
    """The text that ``/metrics`` answers with, of :data:`CONTENT_TYPE`."""
    return generate_latest(_Collected(figures)).decode()
