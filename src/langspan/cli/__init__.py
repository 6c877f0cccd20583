"""The `langspan` command. Each subcommand is a module that is imported only when it runs."""

from __future__ import annotations

import argparse
import errno
import io
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Final

from langspan.cli.durations import duration
from langspan.cli.terminal import CliError, Style, style_of

__all__ = ["main"]

_INTERRUPTED: Final = 130

_DEMO_HELP: Final = """\
Run a small LangGraph application offline: an agent with three tools (one of which fails once and
is retried), a retriever and a streamed answer, on a model that follows a script. Then draw its
trace, write it to a file, and send it to an OTLP endpoint if one answers.

environment:
  MODEL                         a real model instead, as 'provider:name' (with its package and key)
  OTEL_EXPORTER_OTLP_ENDPOINT   where to send the trace (default http://localhost:4318)
  LANGSPAN_JAEGER_URL           base of the link to Jaeger (default http://localhost:16686)
"""

_VIEW_HELP: Final = """\
Show the traces of a file: OTLP as JSON lines, as written by `langspan demo`, by langspan's file
exporter and by the OpenTelemetry Collector's file exporter, OTLP in protobuf, or the JSON that
Jaeger downloads. Options that choose traces can be combined.

examples:
  langspan view FILE --errors              the traces in which something failed
  langspan view FILE --list --slower 2s    those that took longer than that, one a line
  langspan view FILE --trace 4bf9 --content
                                           what was said in one of them, where that was recorded
"""

_DIFF_HELP: Final = """\
Show two runs side by side: where they part, and what changed in path, tool arguments, answers,
tokens, cost and time. A and B are files as `view` reads them; FILE#ID is one trace of a file.

Exit code 0 if both have the same spans in the same places with the same outcomes, 1 if not, 2 if
they cannot be compared.
"""

_DOCTOR_HELP: Final = """\
Check the set-up: versions, environment, other instrumentation of LangChain, and whether the OTLP
endpoint takes a test span. Secrets are masked. Exit code 1 if spans would not arrive.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: The arguments without the program name; by default those of the process.

    Returns:
        The exit code: 0 for success, 1 for failure, 130 when interrupted.

    Raises:
        SystemExit: The usage is wrong (code 2), or the user asked for help or the version (code 0).
    """
    arguments = _parser().parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names in a trace can contain characters that this terminal cannot show.
        sys.stdout.reconfigure(errors="replace")
    try:
        return _dispatch(arguments)
    except CliError as error:
        print(f"langspan: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    except OSError as error:
        if not _is_closed_pipe(error):
            raise
        # The reader (head, less) is gone; keep the interpreter from flushing into the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _is_closed_pipe(error: OSError) -> bool:
    # Windows reports a pipe without a reader as an invalid argument.
    return isinstance(error, BrokenPipeError) or (os.name == "nt" and error.errno == errno.EINVAL)


def _dispatch(arguments: argparse.Namespace) -> int:
    # Imported here so that no command waits for imports that only another one needs.
    style = style_of(sys.stdout, os.environ)
    if arguments.command == "view":
        return _view(arguments, style)
    if arguments.command == "diff":
        return _diff(arguments, style)
    if arguments.command == "doctor":
        from langspan.cli.doctor import run as doctor  # noqa: PLC0415

        return doctor(os.environ, style)
    from langspan.cli.demo import Options  # noqa: PLC0415
    from langspan.cli.demo import run as demo  # noqa: PLC0415

    return demo(Options(arguments.output, arguments.content, arguments.fast), os.environ, style)


def _view(arguments: argparse.Namespace, style: Style) -> int:
    from langspan.cli.view import Options, run  # noqa: PLC0415

    options = Options.of(arguments)
    if not (arguments.html or arguments.open):
        return run(options, style)
    from langspan.cli.view_html import run as run_html  # noqa: PLC0415

    return run_html(options, arguments.html, opens=arguments.open)


def _diff(arguments: argparse.Namespace, style: Style) -> int:
    from langspan.cli.diff import Options, run  # noqa: PLC0415

    names = ("file", "html", "json", "full")
    return run(Options(arguments.a, arguments.b, **{name: getattr(arguments, name) for name in names}), style)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="langspan", description="OpenTelemetry tracing for LangChain and LangGraph."
    )
    parser.add_argument("--version", action="version", version=f"langspan {version('langspan')}")
    commands = parser.add_subparsers(title="commands", dest="command", required=True, metavar="COMMAND")
    _add_demo(commands)
    _add_view(commands)
    _add_diff(commands)
    _add(commands, "doctor", "check versions, environment and the OTLP endpoint", _DOCTOR_HELP)
    return parser


def _add_demo(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    demo = _add(commands, "demo", "run a small agent offline and show its trace", _DEMO_HELP)
    demo.add_argument(
        "--output",
        metavar="FILE",
        default="traces/demo.jsonl",
        help="where to write the trace as OTLP JSON lines; replaced if it exists (default %(default)s)",
    )
    demo.add_argument(
        "--no-file",
        dest="output",
        action="store_const",
        const=None,
        help="write no file, as in a container that is removed afterwards",
    )
    demo.add_argument("--content", action="store_true", help="record prompts, answers and tool data too")
    demo.add_argument("--fast", action="store_true", help="leave out the pauses that make durations readable")


def _add_view(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    view = _add(commands, "view", "show the traces of a file", _VIEW_HELP)
    view.add_argument("file", metavar="FILE", help="the file; - reads standard input")
    choose = view.add_argument_group("which traces")
    choose.add_argument("--trace", metavar="ID", help="only the trace whose id starts with ID")
    choose.add_argument("--errors", action="store_true", help="only those with an error, caught ones too")
    choose.add_argument(
        "--slower", metavar="TIME", type=duration, help="only those that took longer, as 1s, 200ms, 2m"
    )
    choose.add_argument("--name", metavar="TEXT", help="only those with a span that has TEXT in its name")
    choose.add_argument("--conversation", metavar="ID", help="the turns of one conversation, with sums")
    show = view.add_argument_group("what to show of them")
    show.add_argument("--list", action="store_true", help="a line for each trace")
    show.add_argument("--summary", action="store_true", help="sums by model and by agent")
    show.add_argument("--content", action="store_true", help="what was said, where it was recorded")
    show.add_argument("--json", action="store_true", help="JSON lines; without the spans with --list")
    show.add_argument(
        "--html", metavar="OUT", help="an HTML page for the browser, in a file; - is standard output"
    )
    show.add_argument("--open", action="store_true", help="such a page, opened in the browser")
    show.add_argument("--follow", action="store_true", help="go on with what is written to the file")


def _add_diff(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    diff = _add(commands, "diff", "show two runs side by side", _DIFF_HELP)
    diff.add_argument("a", metavar="A", help="the first run")
    diff.add_argument("b", metavar="B", help="the second run")
    diff.add_argument("--file", metavar="FILE", help="the file that holds both; A and B are trace ids in it")
    diff.add_argument("--html", metavar="OUT", help="write an HTML page instead; - is standard output")
    diff.add_argument("--json", action="store_true", help="print JSON instead")
    diff.add_argument("--full", action="store_true", help="show all spans, also where nothing changed")


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, summary: str, text: str
) -> argparse.ArgumentParser:
    return commands.add_parser(
        name, help=summary, description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
