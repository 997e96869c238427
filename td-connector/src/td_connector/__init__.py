"""td-connector: previews, loads, schedules and their history over a Singer tap and target."""
