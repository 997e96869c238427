"""One settings file may serve both programs, so each knows the other's names."""

from __future__ import annotations

from tap_stripe_td.settings import OF_THE_HOSTED_CONNECTOR, OF_THE_TARGET
from target_td_table.config import SDK_SETTINGS, TAP_SETTINGS
from tests.project.tree import TAP, TARGET, settings


def test_the_tap_passes_over_the_settings_of_the_target_and_no_others() -> None:
    assert set(OF_THE_TARGET) == settings(TARGET).keys() - settings(TAP).keys()


def test_the_target_passes_over_the_settings_of_the_tap_and_no_others() -> None:
    of_the_tap = settings(TAP).keys() | set(OF_THE_HOSTED_CONNECTOR)
    assert set(TAP_SETTINGS) == of_the_tap - settings(TARGET).keys()


def test_both_take_the_same_settings_of_singer_sdk() -> None:
    assert settings(TARGET).keys() & settings(TAP).keys() == SDK_SETTINGS
