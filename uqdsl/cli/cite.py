"""`uqdsl cite`: the references of what a spec uses."""

from __future__ import annotations

from uqdsl.cli.output import Json, Settings, Spec, say_json, say_problems


def command(spec: Spec, set_: Settings = None, json: Json = False) -> None:
    """Print the references of what a spec uses, as BibTeX: its methods, those of its stages, and what computes them."""
    from uqdsl.driver.cite import citations
    from uqdsl.driver.front import check, read_settings
    from uqdsl.driver.source import read_source

    source = read_source(spec)
    checked = check(source, read_settings(set_ or [], source))
    if json:
        say_json(citations(checked.spec))
        return
    say_problems(checked.problems, checked.sources)
    print("\n\n".join(citations(checked.spec).values()))
