"""Commands that write or serve the generated pages."""

import os

from orchestration.cli.app import command
from orchestration.config.settings import Settings


@command
def questions() -> None:
    """Rewrite the rows in docs/questions.md."""
    from orchestration.docs_pages.questions import write
    from orchestration.publish.manifest import DATABASE

    write(Settings.paths(os.environ).published_path / DATABASE)


@command
def dictionary() -> None:
    """Rewrite docs/data_dictionary.md from dbt's descriptions."""
    from orchestration.assets.project import project
    from orchestration.docs_pages.dictionary import DICTIONARY, render
    from orchestration.publish.marts import read_catalog

    DICTIONARY.write_text(render(read_catalog(project.manifest_path)))


@command
def docs(port: int = 8080) -> int:
    """Serve dbt's documentation on 127.0.0.1."""
    from orchestration.docs_pages.dictionary import serve

    return serve(port)
