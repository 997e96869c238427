import pytest

from tests.target.world import INTEGER, TEXT, DuckDbTables, activate, record, schema

CHARGES = (schema("charges", id=TEXT, n=INTEGER), record("charges", id="ch_1", n=2))


def test_a_stream_map_computes_removes_and_renames(tables: DuckDbTables) -> None:
    maps = {"charges": {"id": "md5(id)", "n": None, "twice": "int(n * 2)", "__alias__": "sales"}}
    tables.load(*CHARGES, stream_maps=maps)
    ((name, twice),) = tables.rows("SELECT id, twice FROM sales")
    assert (len(name), float(twice)) == (32, 4)
    assert "n" not in tables.columns("sales")


def test_a_stream_map_filters_records(tables: DuckDbTables) -> None:
    tables.load(*CHARGES, stream_maps={"charges": {"__filter__": "n > 5"}})
    assert tables.rows("FROM charges") == []


def test_flattening_makes_columns_of_nested_fields(tables: DuckDbTables) -> None:
    nested = {"type": "object", "properties": {"city": TEXT}}
    tables.load(
        schema("charges", id=TEXT, address=nested),
        record("charges", id="1", address={"city": "Berlin"}),
        flattening_enabled=True,
        flattening_max_depth=1,
    )
    assert tables.rows("SELECT address__city FROM charges") == [("Berlin",)]


def test_record_metadata_are_columns(tables: DuckDbTables) -> None:
    tables.load(*CHARGES, activate("charges", 1), add_record_metadata=True)
    assert tables.rows("SELECT _sdc_sequence > 0, _sdc_deleted_at FROM charges") == [(True, None)]


def test_the_slow_path_is_named_in_the_log(
    tables: DuckDbTables, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="target_td_table")
    tables.load(*CHARGES, add_record_metadata=True)
    assert "`add_record_metadata`: records take the slow path" in caplog.text
