"""The real Prometheus, on a stack's own configuration."""

import json
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import yaml

from tests.conformance.programs import program
from tests.servers import Server, free_ports

READY = "Server is ready to receive web requests"


class Prometheus(Server):
    """Scrapes twice a second, which tests need and nobody else."""

    def __init__(self, configuration: Path, directory: Path) -> None:
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        found = yaml.safe_load(configuration.read_text())
        found["global"] = {"scrape_interval": "500ms", "evaluation_interval": "500ms"}
        file = directory / "prometheus.yml"
        file.write_text(yaml.safe_dump(found))
        command = [
            program("prometheus"),
            f"--config.file={file}",
            f"--storage.tsdb.path={directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        super().__init__(command, READY, directory)

    def get(self, path: str, **query: object) -> Any:
        """What its API answers."""
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310  our own server
            return json.load(answer)["data"]

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Labels and values of the series, now."""
        found = self.get("query", query=expression)["result"]
        return [(one["metric"], float(one["value"][1])) for one in found]
