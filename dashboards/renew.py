"""What happens inside Superset: its own database, the user, and the import. Nothing else here imports Superset.

Superset reads its settings at import, so this runs in a process of its own, with the settings in the environment,
and on standard input a JSON object: `files` (the bundle by path), `user` and `password`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from flask import g
from flask_migrate import upgrade
from superset.app import create_app


def main() -> None:
    """Bring everything up to date; a second run changes nothing."""
    given = json.load(sys.stdin)
    app = create_app()
    with app.app_context():
        # Superset's commands can be imported only where an application is.
        from superset.commands.importers.v1.assets import ImportAssetsCommand
        from superset.extensions import appbuilder, db

        upgrade(directory=str(Path(app.root_path) / "migrations"))
        appbuilder.add_permissions(update_perms=True)
        users = appbuilder.sm
        users.sync_role_definitions()
        name = given["user"]
        if not users.find_user(name):
            role = users.find_role("Admin")
            users.add_user(name, "Local", name, f"{name}@localhost", role, given["password"])
        g.user = users.find_user(name)
        ImportAssetsCommand(given["files"]).run()
        db.session.commit()


if __name__ == "__main__":
    main()
