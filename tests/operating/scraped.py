"""The operator's port, asked as Prometheus asks it."""

from collections.abc import Mapping

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from tests.rig import Rig

Key = tuple[str, frozenset[tuple[str, str]]]


class Scrape:
    """The samples of one scrape."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._samples: Mapping[Key, float] = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
        self.names = {name for name, _ in self._samples}

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples of that name with these labels; 0 where there is none."""
        wanted = set(labels.items())
        return sum(v for (n, has), v in self._samples.items() if n == f"confirm_safe_{name}" and wanted <= has)


async def asked(rig: Rig, path: str) -> tuple[int, str]:
    assert rig.application is not None
    url = f"http://127.0.0.1:{rig.application.admin_port}{path}"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


async def scrape(rig: Rig) -> Scrape:
    status, text = await asked(rig, "/metrics")
    assert status == 200
    return Scrape(text)
