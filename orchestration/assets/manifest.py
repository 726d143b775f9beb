"""dbt's manifest as the Dagster UI shows it: names and claims of checks, labels of personal data, groups.

dbt names a test after its columns and values, which is too long to read, and knows no description of most.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

# The labels that columns of marts have in `meta: pii:`.
PERSONAL_DATA = ("email", "free_text", "identifier", "ip", "name", "user_agent")
# Models and seeds of these groups are made of nothing that is in others.
_FIRST, _MARTS, CORE = "staging", "marts", "core"
_MADE_FROM_MARTS = ("intermediate", "detections")

Test = Mapping[str, Any]


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest at the path, with the names, descriptions, tags and groups that the assets get."""
    manifest = json.loads(path.read_text(encoding="utf-8"))
    nodes = manifest["nodes"]
    taken: set[tuple[str, str]] = set()
    for _, node in sorted(nodes.items()):
        if node["resource_type"] == "test":
            node["name"] = _free_name(node, taken)
            node["meta"] = {**node.get("meta", {}), "description": _claim(node)}
    for unique_id in _core(manifest):
        nodes[unique_id]["meta"]["dagster"]["group"] = CORE
    for node in nodes.values():
        _tag_personal_data(node)
    return manifest


def personal_data(labels: Iterable[str] = PERSONAL_DATA) -> dict[str, str]:
    """Dagster tags that say which kinds of personal data an asset holds; whole records hold all."""
    return {f"pii/{label}": "" for label in sorted(labels)}


def _free_name(test: Test, taken: set[tuple[str, str]]) -> str:
    """The short name of a test, with a number where the same asset has one of that name."""
    asset, name = test.get("attached_node") or "", _short_name(test)
    number = 1
    while (asset, unique := name if number == 1 else f"{name}_{number}") in taken:
        number += 1
    taken.add((asset, unique))
    return unique


def _short_name(test: Test) -> str:
    generic = test.get("test_metadata")
    return generic["name"] if generic else test["name"].removeprefix("assert_")


def _claim(test: Test) -> str:
    """What the test claims, in sentences: of a singular test the comment at its beginning."""
    if test.get("description"):
        return test["description"]
    if not test.get("test_metadata"):
        lines = test["raw_code"].splitlines()
        comment = [line.removeprefix("--").strip() for line in lines if line.startswith("--")]
        return " ".join(comment)
    stated = test["test_metadata"]["kwargs"]
    claims = [f"Never null: {_listed(stated['never_null'])}."] if stated.get("never_null") else []
    claims += [f"No two rows have the same `{key}`." for key in stated.get("unique", ())]
    claims += [
        f"No row that the last build added has the `{key}` of another row."
        for key in stated.get("unique_of_new", ())
    ]
    claims += [
        f"`{column}` is one of {_listed(values)}." for column, values in stated.get("accepted_values", {}).items()
    ]
    return " ".join(claims)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _core(manifest: Mapping[str, Any]) -> set[str]:
    """The marts that other stages are made from, and what those are made from.

    In a group of their own no two groups lie upstream of each other, so that the lineage of groups has no cycle.
    """
    groups = {
        unique_id: node["meta"].get("dagster", {}).get("group")
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] in ("model", "seed")
    }
    children, parents = manifest["child_map"], manifest["parent_map"]
    waiting = [
        mart
        for mart, group in groups.items()
        if group == _MARTS and any(groups.get(child) in _MADE_FROM_MARTS for child in children[mart])
    ]
    core: set[str] = set()
    while waiting:
        unique_id = waiting.pop()
        if unique_id not in core and groups.get(unique_id, _FIRST) != _FIRST:
            core.add(unique_id)
            waiting += parents[unique_id]
    return core


def _tag_personal_data(node: dict[str, Any]) -> None:
    labels = set()
    for column in node.get("columns", {}).values():
        if label := column["config"]["meta"].get("pii"):
            labels.add(label)
            column["tags"] = [*column.get("tags", []), *personal_data([label])]
    node["pii"] = sorted(labels)
