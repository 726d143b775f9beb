"""The detection rules, read from the `.yml` beside each rule's model: metadata, thresholds and their bounds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import yaml

from orchestration.config.settings import ROOT

SEVERITIES = ("critical", "high", "medium", "low")
RULES = ROOT / "dbt_project" / "models" / "detections" / "rules"
# The C loader is ten times as fast, if libyaml is installed.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold of a rule. `of`: the rule that it is set at, where several rules share it."""

    default: int | tuple[str, ...] | None = None
    at_least: int = 1
    by_organization: bool = False
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. `metadata` is what its `.yml` says under `meta: detection:`."""

    rule_id: str
    metadata: Mapping[str, Any]
    thresholds: Mapping[str, Threshold] = field(default_factory=dict)

    @property
    def severity(self) -> str:
        """The severity, unless `detections.toml` says otherwise."""
        return self.metadata["severity"]

    @property
    def is_enabled(self) -> bool:
        """Whether the rule is on, unless `detections.toml` says otherwise."""
        return self.metadata.get("enabled", True)

    @property
    def names_organization(self) -> bool:
        """Whether its findings can say in which organization; sign-ins and keys that read belong to all."""
        return self.metadata.get("names_organization", True)


@cache
def read_rules() -> Mapping[str, Rule]:
    """All rules by id, most severe first."""
    rules = []
    for path in sorted(RULES.glob("*.yml")):
        [model] = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)["models"]
        metadata = model["config"]["meta"]["detection"]
        thresholds = {name: _threshold(stated) for name, stated in (metadata["thresholds"] or {}).items()}
        rules.append(Rule(model["name"], metadata, thresholds))
    rules.sort(key=lambda rule: (SEVERITIES.index(rule.severity), rule.rule_id))
    return {rule.rule_id: rule for rule in rules}


def _threshold(stated: Mapping[str, Any]) -> Threshold:
    default = stated.get("default")
    return Threshold(**{**stated, "default": tuple(default) if isinstance(default, list) else default})
