"""docs/operations.md names every metric and every alert, and no others."""

import re
from pathlib import Path

import yaml

from services.observability.metrics import REGISTRY

CHECKOUT = Path(__file__).parents[3]
PAGE = (CHECKOUT / "docs" / "operations.md").read_text()


def test_every_metric_is_explained():
    counted = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in REGISTRY.collect()
        if family.name.startswith("gym_")
    }
    assert set(re.findall(r"\bgym_[a-z_]+[a-z]\b", PAGE)) == counted


def test_every_alert_is_explained():
    groups = yaml.safe_load((CHECKOUT / "deploy" / "grafana" / "alerts.yml").read_text())["groups"]
    alerts = {rule["alert"] for group in groups for rule in group["rules"]}
    told = PAGE.partition("## Alerts")[2]
    assert set(re.findall(r"\bGym[A-Z]\w+", told)) == alerts
