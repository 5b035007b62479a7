"""The typed IR: what a spec means."""

from uqdsl.ir.spec import (
    SCHEMA_VERSION,
    Apply,
    Argument,
    Array,
    Choice,
    Constant,
    Coordinate,
    DataField,
    Dim,
    Expression,
    Factor,
    Gather,
    Law,
    Node,
    Observation,
    Operation,
    Pick,
    Quantity,
    Reduce,
    Reference,
    Run,
    Setting,
    Spec,
    Statement,
    Table,
    Unknown,
    json_schema,
)

__all__ = [
    "SCHEMA_VERSION", "Apply", "Argument", "Array", "Choice", "Constant", "Coordinate", "DataField", "Dim",
    "Expression", "Factor", "Gather", "Law", "Node", "Observation", "Operation", "Pick", "Quantity", "Reduce",
    "Reference", "Run", "Setting", "Spec", "Statement", "Table", "Unknown", "json_schema",
]  # fmt: skip
