"""The tap as singer-sdk and the command line know it."""

from __future__ import annotations

import os
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click
from singer_sdk import Tap
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities

from tap_stripe_td import settings
from tap_stripe_td.accounts import Accounts
from tap_stripe_td.batches import BatchFiles
from tap_stripe_td.command_line import (
    OPTIONS_HELP,
    catalog_in,
    check_form,
    exit_code,
    refuse,
    state_in,
    stop_on_signals,
)
from tap_stripe_td.command_line import main as run_main
from tap_stripe_td.config import parse_config
from tap_stripe_td.config_file import read_config_file
from tap_stripe_td.connecting import open_client
from tap_stripe_td.discovery import StripeStream, schema_api_version
from tap_stripe_td.errors import ConfigError, TapError
from tap_stripe_td.messages import Output
from tap_stripe_td.preview import Format, Preview, check_format, previews, render, told
from tap_stripe_td.recent import MOST_RECENT
from tap_stripe_td.records import time_fields
from tap_stripe_td.resuming import refuse_foreign, refuse_future, refuse_other_account
from tap_stripe_td.source import Clock, Source, read_clock
from tap_stripe_td.state import State, parse_state
from tap_stripe_td.streams.table import STREAMS
from tap_stripe_td.sync import Run, sync, write_schemas

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_stripe_td.client import Client
    from tap_stripe_td.config import Config

_ABOUT_FORMATS = ("json", "markdown")
_PREVIEW_FORMATS = tuple(form.value for form in Format)
_FORMATS = {"--about": _ABOUT_FORMATS, "--preview": _PREVIEW_FORMATS}


class TapStripeTd(Tap):
    """Reads a Stripe account: every list, kept true by events."""

    name = "tap-stripe-td"
    most_recent: ClassVar[int] = MOST_RECENT
    config_jsonschema: ClassVar[dict[str, Any]] = settings.json_schema()
    capabilities: ClassVar[list[Any]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        TapCapabilities.ACTIVATE_VERSION,
        PluginCapabilities.ABOUT,
        PluginCapabilities.BATCH,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def __init__(self, **kwargs: Any) -> None:
        """Make the tap from `config`, `catalog` and `state`, as singer-sdk does.

        Raises:
            ConfigError: If settings or state are wrong, with every problem.
        """
        self.resumed_from = State()
        self._started = time.time_ns()
        self._discovers = not kwargs.get("setup_mapper", True)
        super().__init__(**kwargs)

    @property
    def settings(self) -> Config:
        """The settings, made sense of."""
        return self._parsed

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        del raise_errors
        self.append_builtin_config(self.config_jsonschema)
        builtin = self.config_jsonschema["properties"].keys() - set(settings.NAMES)
        self._parsed = parse_config(self._config, os.environ, ignored=builtin)
        return []

    def _setup_signal_handlers(self) -> None:
        """Leave signals to the command line: a handler that writes could cut a line in two."""

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over where the last run left off.

        Raises:
            ConfigError: If it is no state of this tap's.
        """
        self.resumed_from = parse_state(state)
        refuse_foreign(self.resumed_from)

    def discover_streams(self) -> Sequence[StripeStream]:
        """Return all streams in discovery, else those of the catalog or of the settings.

        Raises:
            ConfigError: If the catalog names a stream that Stripe does not have.
        """
        config = self.settings
        wanted = self._catalog_names() or {row.name for row in config.streams}
        return [
            StripeStream(self, row, config, self.open_source)
            for row in STREAMS
            if self._discovers or row.name in wanted
        ]

    def _catalog_names(self) -> set[str]:
        names = set(self.input_catalog or ())
        unknown = sorted(names - {row.name for row in STREAMS})
        if unknown:
            raise ConfigError(
                *(
                    f"The catalog names the stream `{name}`, which this tap does not have. Make "
                    "the catalog anew with `tap-stripe-td --discover`."
                    for name in unknown
                )
            )
        return names

    def open_source(self) -> tuple[Source, Clock]:
        """Return what is read, and Stripe's clock.

        Raises:
            TapError: If there is no key, Stripe does not know it, or cannot be reached.
        """
        client = self._open_client()
        clock = read_clock(client)
        return self._source(client, clock.account), clock

    def previews(self) -> Iterator[Preview | TapError]:
        """Yield the first rows of every selected stream, or why they cannot be read.

        Raises:
            TapError: If nothing can be read.
        """
        source = self._source(self._open_client(may_exchange=False))
        yield from previews(source, self._chosen())

    def print_previews(self, form: str | None) -> list[TapError]:
        """Print the first rows of every selected stream; return what could not be read."""
        chosen = Format(form or Format.TABLE.value)
        check_format(chosen, len(self._chosen()))
        found = list(told(self.previews(), self._chosen(), self.settings.base_url))
        shown = [preview for preview in found if isinstance(preview, Preview)]
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        click.echo(render(shown, chosen, width=width), nl=False)
        return [failure for failure in found if isinstance(failure, TapError)]

    def _source(self, client: Client, account: str | None = None) -> Source:
        config = self.settings
        times = {stream.name: time_fields(stream.schema) for stream in self.streams.values()}
        return Source(client, config.created, config.expand, times, account)

    def _open_client(self, *, may_exchange: bool = True) -> Client:
        agent = f"tap-stripe-td/{self.plugin_version}"
        return open_client(self.settings, schema_api_version(), agent, may_exchange=may_exchange)

    def sync_selected(self) -> list[TapError]:
        """Write the news of every selected stream to stdout; return what could not be read.

        Raises:
            TapError: If nothing can be read.
        """
        streams = {stream.name: stream for stream in self._chosen()}
        client = self._open_client()
        output = Output(sys.stdout.buffer, self.most_recent)
        if self.settings.account_ids:
            ids, incremental = self.settings.account_ids, self.settings.incremental
            accounts = Accounts(client, ids, self._source, self._run, incremental)
            with stop_on_signals() as stop:
                return accounts.sync(streams, self.resumed_from, output, stop)
        clock = read_clock(client)
        run = self._run(self._source(client, clock.account), clock, self.resumed_from)
        refuse_other_account(run.state, clock)
        with stop_on_signals() as stop:
            return sync(run, write_schemas(streams, output), output, stop)

    def _run(self, source: Source, clock: Clock, state: State) -> Run:
        config = self.settings
        refuse_future(state, clock)
        return Run(
            replace(source, children=state.children if config.incremental else {}),
            clock,
            {stream.name: stream for stream in self._chosen()},
            state,
            config.incremental,
            config.lookback_seconds,
            config.workers,
            config.reconcile_days,
            self.most_recent,
            # In milliseconds: a reading that begins in the second of another one is a later one.
            version=self._started // 1_000_000,
            files=BatchFiles.of(self.config.get("batch_config"), self.name),
        )

    def _chosen(self) -> list[StripeStream]:
        chosen = [s for s in self.streams.values() if isinstance(s, StripeStream) and s.selected]
        if not chosen:
            raise ConfigError(
                "The catalog selects no stream. Set `selected` to true in the metadata of those "
                "to read, or leave `--catalog` out."
            )
        return chosen

    @classmethod
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:
        """Read the settings files, JSON or YAML; a later one overrides an earlier one."""
        environment = super().cb_config(ctx, param, tuple(v for v in value if v == "ENV"))
        for path in value:
            if path != "ENV":
                environment.config |= read_config_file(Path(path))
        return environment

    @classmethod
    def invoke(  # type: ignore[override] # noqa: PLR0913 - click passes each option by its name
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: Any = None,
        state: str | None = None,
        catalog: str | None = None,
        preview: bool = False,
        check_settings: bool = False,
    ) -> int:
        """Run the command line; return the exit code."""
        check_form(about_format, "--about" if about else "--preview" if preview else None, _FORMATS)
        if about:
            cls.print_about(about_format)
            return 0
        tap = cls(
            config=config.config if config else {},
            parse_env_config=bool(config and config.parse_env),
            state=None if state is None else state_in(Path(state)),
            catalog=None if catalog is None else catalog_in(Path(catalog)),
        )
        if check_settings:
            return 0
        failures = tap.print_previews(about_format) if preview else tap.sync_selected()
        for failure in failures:
            refuse(failure)
        return exit_code(failures)

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Return singer-sdk's command line, with our own reading of files."""
        command = super().get_singer_command()
        for option in command.params:
            if isinstance(option, click.Option) and option.name in {"state", "catalog"}:
                option.type = click.STRING
            if isinstance(option, click.Option) and option.name == "about_format":
                option.type = click.Choice(
                    list(dict.fromkeys((*_ABOUT_FORMATS, *_PREVIEW_FORMATS)))
                )
                option.help = (
                    "--about is written as json or markdown, --preview as the others or json."
                )
            if isinstance(option, click.Option) and option.name in OPTIONS_HELP:
                option.help = OPTIONS_HELP[option.name]
        command.help = "Reads a Stripe account and writes Singer messages to standard output."
        command.params.append(
            click.Option(
                ["--preview"], is_flag=True, help="Show the first rows of each stream and exit."
            )
        )
        command.params.append(
            click.Option(
                ["--check-settings"],
                is_flag=True,
                help="Check settings, state and catalog and exit. Stripe is not asked.",
            )
        )
        return command


def main() -> None:
    """Run `tap-stripe-td`."""
    run_main(TapStripeTd.get_singer_command)
