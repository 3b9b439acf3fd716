"""deploy/prometheus/prometheus.yml, with the addresses of one stack."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from faastraingym import PACKAGE
from faastraingym.embedded.state import StackState

FOLDER = PACKAGE / "deploy" / "prometheus"


def pattern(path: Path) -> str:
    """A path as one of Prometheus's patterns for rules, in which no folder may have a `*`."""
    return re.sub(r"[?[\\]", r"\\\g<0>", str(path)).replace("*", "?")


def configuration(state: StackState) -> str:
    """Prometheus's configuration, YAML."""
    found: dict[str, Any] = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    found["rule_files"] = [pattern(FOLDER / name) for name in found["rule_files"]]
    urls = {"faastrain-gateway": state.gateway_url, "faastrain-exporter": state.exporter_url}
    for job in found["scrape_configs"]:
        address = urlsplit(urls[job["job_name"]])
        job["static_configs"] = [{"targets": [address.netloc]}]
        if address.scheme == "https":
            job |= {"scheme": "https", "tls_config": {"ca_file": state.authority}}
    return yaml.safe_dump(found, sort_keys=False)
