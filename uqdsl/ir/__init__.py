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
    Values,
    json_schema,
)
from uqdsl.ir.walk import names_used

__all__ = [
    "SCHEMA_VERSION", "Apply", "Argument", "Array", "Choice", "Constant", "Coordinate", "DataField", "Dim",
    "Expression", "Factor", "Gather", "Law", "Node", "Observation", "Operation", "Pick", "Quantity", "Reduce",
    "Reference", "Run", "Setting", "Spec", "Statement", "Table", "Unknown", "Values", "json_schema", "names_used",
]  # fmt: skip
