"""Migrates Superset's database, creates the user, imports the bundle. Only this file imports Superset.

Superset reads its settings at import, so this runs as a separate process with the settings in the environment. It
reads a JSON object from standard input: `files` (the bundle by path), `user` and `password`.
"""

import json
import sys
from pathlib import Path

from flask import g
from flask_migrate import upgrade
from superset.app import create_app


def main() -> None:
    """Migrate, create the user, import. A second run changes nothing."""
    request = json.load(sys.stdin)
    app = create_app()
    with app.app_context():
        # Superset's commands can only be imported within an application context.
        from superset.commands.importers.v1.assets import ImportAssetsCommand
        from superset.extensions import appbuilder, db

        upgrade(directory=str(Path(app.root_path) / "migrations"))
        appbuilder.add_permissions(update_perms=True)
        users = appbuilder.sm
        users.sync_role_definitions()
        name = request["user"]
        if not users.find_user(name):
            role = users.find_role("Admin")
            users.add_user(name, "Local", name, f"{name}@localhost", role, request["password"])
        g.user = users.find_user(name)
        ImportAssetsCommand(request["files"]).run()
        db.session.commit()


if __name__ == "__main__":
    main()
