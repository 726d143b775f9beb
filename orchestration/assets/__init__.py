"""The stages as Dagster assets, one module each. Assets are nouns; they call, and report what happened."""
