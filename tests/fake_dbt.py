"""A program that says what dbt says, for builds on Spark that fail, or that another test looks at the end of."""

import json
import sys
from collections.abc import Sequence
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

Message = dict[str, Any]


def message(name: str, level: str, text: str = "", **data: object) -> Message:
    """A message of dbt."""
    return {"info": {"name": name, "level": level, "msg": text, "invocation_id": "i"}, "data": data}


def result(name: str, unique_id: str, status: str) -> Message:
    """The message of dbt on the result of a node."""
    node = {"unique_id": unique_id, "node_status": status}
    return message(name, "info", node_info=node)


def all_built(manifest: Message) -> list[Message]:
    """The messages of a build in which every model and seed succeeded, in an order that dbt could have."""
    order = TopologicalSorter(manifest["parent_map"]).static_order()
    return [result("LogModelResult", one, "success") for one in order if one.startswith(("model.", "seed."))]


def make_dbt(
    here: Path,
    messages: Sequence[Message | str] = (),
    status: int = 0,
    results: Sequence[Message] = (),
    snapshot: str = "00000007",
    rebuild: str = "",
) -> Path:
    """Put the program into a directory. It registers the snapshot; its `build` says the messages and so ends.

    `rebuild`: why tables cannot grow, if they cannot. `calls` has each call's arguments and environment, `note`
    what the lock said during the build.
    """
    texts = [*([f"rebuild: {rebuild}"] if rebuild else []), f"raw: the archive in /archive, ledger {snapshot}"]
    registered = "\n".join(json.dumps(message("JinjaLogInfo", "info", text)) for text in texts)
    said = "".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in messages)
    script = here / "dbt"
    script.write_text(f"""#!{sys.executable}
import json, os, pathlib, sys
here = pathlib.Path({str(here)!r})
with open(here / "calls", "a") as calls:
    calls.write(json.dumps([sys.argv[1:], dict(os.environ)]) + "\\n")
if "run-operation" in sys.argv:
    print({registered!r})
else:
    (here / "note").write_text(pathlib.Path("dbt.lock").read_text())
    (here / "on_build").exists() and exec((here / "on_build").read_text())
    print({said!r}, end="")
    pathlib.Path("run_results.json").write_text({json.dumps({"results": list(results)})!r})
    sys.exit({status})
""")
    script.chmod(0o755)
    return script
