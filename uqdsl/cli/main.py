"""The `uqdsl` command: its commands, and the one place where problems become text and an exit code.

Exit codes: 0 all is well; 1 the spec, its data or the run failed; 2 the command asked for what is not there; 3 the run is
finished but suspect; 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import _thread
import os
import sys
import threading
import warnings
from collections.abc import Sequence

import typer

from uqdsl.cli import check, cite, compare, compile, explain, fmt, methods, new, run, simulate
from uqdsl.cli.output import say_problems
from uqdsl.messages.catalogue.usage import InternalFault, WrongCommand
from uqdsl.messages.failure import UqdslError, UsageError

INTERRUPTED = 130

app = typer.Typer(
    name="uqdsl",
    help="Say how sure a model is: check, compile and run `.uq` specs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for each in (new, check, fmt, compile, simulate, run, compare, explain, methods, cite):
    app.command(each.__name__.rpartition(".")[2])(each.command)


def _version(wanted: bool) -> None:
    if wanted:
        import uqdsl

        typer.echo(uqdsl.__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", help="Print the version.", callback=_version, is_eager=True),
) -> None: ...


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave the process with its exit code."""
    if not sys.warnoptions:
        # What other libraries warn of is meant for programmers; ours are problems with a code.
        warnings.simplefilter("ignore")
    # To look for plugins of pydantic takes as long as to check a spec, and none has anything to add.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    sys.unraisablehook = _tell_again
    try:
        code = execute(sys.argv[1:] if arguments is None else list(arguments))
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has gone; Python would complain of it once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except KeyboardInterrupt:
        code = INTERRUPTED
    if threading.active_count() > 1:
        # Chains that were given up are still at their chunk, and Python cannot end in order with them at work.
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _tell_again(lost: sys.UnraisableHookArgs) -> None:
    """Let an interrupt count that came where it cannot be raised, such as while JAX tidies up."""
    if lost.exc_type is KeyboardInterrupt:
        threading.Timer(0.01, _thread.interrupt_main).start()
    else:
        sys.__unraisablehook__(lost)


def execute(arguments: Sequence[str]) -> int:
    """Run the command; returns its exit code."""
    as_json = "--json" in arguments
    try:
        code = app(args=list(arguments), prog_name="uqdsl", standalone_mode=False)
    except UqdslError as error:
        say_problems(error.problems, error.sources, as_json=as_json)
        return error.exit_code
    except typer.TyperException as error:
        return _misused(error, as_json=as_json)
    except typer.Abort:
        return 1
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if os.environ.get("UQDSL_DEBUG"):
            raise
        say_problems([InternalFault(exception=type(error).__name__)], None, as_json=as_json)
        return 1
    return code if isinstance(code, int) else 0


def _misused(error: typer.TyperException, *, as_json: bool) -> int:
    """What the command line library found wrong, as a problem of ours."""
    message = error.format_message().strip()
    if not message:
        # Nothing was asked for, and the help has been shown.
        return 0
    context, parameter = getattr(error, "ctx", None), getattr(error, "param", None)
    what = message.split("\n", 1)[0].rstrip(".")
    if isinstance(error, typer.BadParameter) and parameter is not None and "missing" not in what.lower():
        # The rest of such a message is the library's own.
        what = f"the value of `{parameter.opts[0]}` is not one that it takes"
    command = context.command_path if context is not None else "uqdsl"
    problem = WrongCommand(what=what[:1].lower() + what[1:], command=command)
    say_problems([problem], None, as_json=as_json)
    return UsageError.exit_code
