"""The graph of a spec: what depends on what, as DOT (Graphviz) or Mermaid text."""

from __future__ import annotations

from typing import NamedTuple

from uqdsl import ir


class Vertex(NamedTuple):
    """A field, unknown, quantity, observation or factor.

    - number: by which the texts call it.
    - law: of an unknown or observation.
    - observed: whether data give its value.
    """

    number: int
    name: str
    dims: tuple[str, ...]
    what: str
    law: str
    observed: bool

    @property
    def title(self) -> str:
        """What it is called, with its dimensions: `a[county]`."""
        return f"{self.name}[{', '.join(self.dims)}]" if self.dims else self.name


class Graph(NamedTuple):
    """Vertices, and arrows from each to what is stated in terms of it, as pairs of numbers."""

    name: str
    vertices: tuple[Vertex, ...]
    arrows: tuple[tuple[int, int], ...]


def dependencies(spec: ir.Spec) -> Graph:
    """The graph of a spec; observed data and their law are one vertex, and settings are left out."""
    vertices: dict[str, Vertex] = {}
    stated = {each.name: each for each in spec.statements}
    observed = {each.name for each in spec.observations}
    for field in spec.fields:
        if field.name not in observed:
            vertices[field.name] = Vertex(len(vertices), field.name, field.dims, "data", "", True)
    arrows: list[tuple[int, int]] = []
    for name, each in stated.items():
        dims = () if isinstance(each, ir.Factor) else each.dims
        law = each.law.distribution if isinstance(each, ir.Unknown | ir.Observation) else ""
        # A likelihood of a quantity made of data has the name of that quantity, and is another vertex.
        key = f"{name} observed" if isinstance(each, ir.Observation) and name in vertices else name
        vertices[key] = Vertex(len(vertices), name, dims, each.node, law, isinstance(each, ir.Observation))
        used = sorted(ir.names_used(each) & vertices.keys() - {key}, key=lambda used: vertices[used].number)
        if key != name:
            used.append(name)
        arrows += [(vertices[each].number, vertices[key].number) for each in used]
    return Graph(spec.name, tuple(vertices.values()), tuple(arrows))


_DOT_SHAPES = {"data": "box", "unknown": "ellipse", "observation": "ellipse", "quantity": "diamond", "factor": "square"}


def as_dot(graph: Graph) -> str:
    """A graph for Graphviz: data as boxes, unknowns as ellipses, observed ones filled, quantities as diamonds."""
    lines = [f"digraph {_quoted(graph.name)} {{"]
    for each in graph.vertices:
        label = _quoted(f"{each.title}\n{each.law}" if each.law else each.title)
        fill = ", style=filled, fillcolor=lightgrey" if each.observed else ""
        lines.append(f"  n{each.number} [label={label}, shape={_DOT_SHAPES[each.what]}{fill}];")
    lines += [f"  n{start} -> n{end};" for start, end in graph.arrows]
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


_MERMAID_SHAPES = {
    "data": ("[", "]"),
    "unknown": ("([", "])"),
    "observation": ("([", "])"),
    "quantity": ("{{", "}}"),
    "factor": ("[/", "/]"),
}


def as_mermaid(graph: Graph) -> str:
    """A graph for Mermaid, which GitHub and many notebooks draw."""
    lines = ["flowchart TD"]
    for each in graph.vertices:
        left, right = _MERMAID_SHAPES[each.what]
        label = f"{each.title}<br/>{each.law}" if each.law else each.title
        lines.append(f'  n{each.number}{left}"{label}"{right}{":::observed" if each.observed else ""}')
    lines += [f"  n{start} --> n{end}" for start, end in graph.arrows]
    if any(each.observed for each in graph.vertices):
        lines.append("  classDef observed fill:#ddd,stroke:#333")
    return "\n".join(lines) + "\n"
