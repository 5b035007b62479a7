"""Diagnostics: the summary of a posterior, the verdict on it, and both as JSON and as a table."""

from uqdsl.diagnose.ends import cut_mass
from uqdsl.diagnose.forecast import Forecast, ForecastRow, Told, forecasts
from uqdsl.diagnose.interest import rows_of_interest
from uqdsl.diagnose.report import RunSummary, summary_json
from uqdsl.diagnose.summary import Row, summarize
from uqdsl.diagnose.table import TableRow, table_rows
from uqdsl.diagnose.tested import Shifted, Tested, shifted, tested
from uqdsl.diagnose.verdict import Verdict, verdict

__all__ = [
    "Forecast",
    "ForecastRow",
    "Row",
    "RunSummary",
    "Shifted",
    "TableRow",
    "Tested",
    "Told",
    "Verdict",
    "cut_mass",
    "forecasts",
    "rows_of_interest",
    "shifted",
    "summarize",
    "summary_json",
    "table_rows",
    "tested",
    "verdict",
]
