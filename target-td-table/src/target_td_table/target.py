"""The Singer target: singer-sdk's settings, `--about` and standard tests, over a loop of our own.

singer-sdk hands every record to Python code as a parsed value. Here the input is read by the
block and records stay bytes, so only the frame of singer-sdk's `Target` is used.
"""

from collections import Counter
from collections.abc import Mapping
from typing import IO, Any, ClassVar

import click
from singer_sdk import Target
from singer_sdk.configuration._dict_config import merge_missing_config_jsonschema
from singer_sdk.exceptions import MissingKeyPropertiesError, RecordsWithoutSchemaException
from singer_sdk.helpers.capabilities import (
    FLATTENING_CONFIG,
    STREAM_MAPS_CONFIG,
    CapabilitiesEnum,
    PluginCapabilities,
    TargetCapabilities,
)

from target_td_table import command, program
from target_td_table.config import Settings, json_schema, parse
from target_td_table.errors import InputError, MissingKeyError, RecordBeforeSchemaError
from target_td_table.loaders.opening import check_destination
from target_td_table.run import Run


class TargetTdTable(Target):
    """Loads the streams of any Singer tap into tables, all or nothing."""

    name = "target-td-table"
    config_jsonschema: ClassVar[dict[str, Any]] = json_schema()
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.ACTIVATE_VERSION,
        PluginCapabilities.BATCH,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
        TargetCapabilities.SOFT_DELETE,
        TargetCapabilities.HARD_DELETE,
    ]

    def __init__(self, *, config: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(config=dict(config or {}), setup_mapper=False, **options)
        # singer-sdk calls nothing of a reader but `process_lines`.
        self.message_reader = _Messages(self)  # type: ignore[assignment]
        self._run: Run | None = None
        self._is_dry = False

    @property
    def settings(self) -> Settings:
        """The settings, checked."""
        return parse(self.config)

    def open(self) -> Run:
        """The run; its destination is opened with the first use."""
        if self._run is None:
            self._run = Run(self.settings, self.config, dry_run=self._is_dry)
        return self._run

    def process_endofpipe(self) -> None:
        """Publish what is left; called by singer-sdk at the end of the input."""
        program.finish(self.open(), is_dry=self._is_dry)

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        if raise_errors:
            parse(self.config)
        return []

    def _setup_signal_handlers(self) -> None:
        """The run takes signals, and only while it reads."""

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Add the settings of singer-sdk's transforms; all others stand in `config.SETTINGS`."""
        for each in (STREAM_MAPS_CONFIG, FLATTENING_CONFIG):
            merge_missing_config_jsonschema(each, config_jsonschema)

    @classmethod
    def cb_config(  # type: ignore[override]
        cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]
    ) -> command.Given:
        """Read the settings files: YAML too, and `load.yml`."""
        del ctx, param
        return command.given(value)

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """The command line of singer-sdk, with options for settings."""
        found = super().get_singer_command()
        found.help = cls.__doc__
        found.params.extend(command.options())
        return found

    @classmethod
    def invoke(  # type: ignore[override]
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: command.Given | None = None,
        file_input: IO[str] | None = None,
        **options: Any,
    ) -> None:
        """What the command does: load the input, or tell about the program or the state."""
        if about:
            with command.writing():
                cls.print_about(about_format)
            return
        print_state, dry_run = options.pop("print_state", None), options.pop("dry_run", None)
        checks = options.pop("check_settings", None)
        given = config or command.Given({}, from_environment=False)
        target = cls(config=command.merged(given, options), parse_env_config=given.from_environment)
        if checks:
            check_destination(target.settings)
            return
        if print_state:
            program.print_state_of(target.settings, target.config.get("pipeline"))
            return
        target._is_dry = bool(dry_run)
        target.open()
        target.listen(file_input)


class _WithoutSchemaError(RecordBeforeSchemaError, RecordsWithoutSchemaException):
    """What singer-sdk calls it."""


class _WithoutKeyError(InputError, MissingKeyPropertiesError):
    """What singer-sdk calls it."""


class _Messages:
    """What singer-sdk calls to read the input."""

    def __init__(self, target: TargetTdTable) -> None:
        self._target = target

    def process_lines(self, file_input: IO[str] | None, callbacks: object) -> Counter[str]:
        """Read the input to its end. singer-sdk's own callbacks are not used."""
        del callbacks
        try:
            self._target.open().read(program.input_of(file_input))
        except RecordBeforeSchemaError as error:
            raise _WithoutSchemaError(str(error)) from error
        except MissingKeyError as error:
            raise _WithoutKeyError(str(error)) from error
        return Counter()
