"""Reports, queries, and the files around them."""

from __future__ import annotations

from tap_stripe_td.streams.row import Coverage, CreatedFilter, Paging, Stream

REPORTING: tuple[Stream, ...] = (
    Stream(
        name="reporting_report_runs",
        object="reporting.report_run",
        path="/v1/reporting/report_runs",
        events=("reporting.report_run.failed", "reporting.report_run.succeeded"),
        coverage=Coverage.PARTIAL,
        gap="A run sends an event when it ends, none when it starts.",
        permission="report_runs_and_report_types_read",
    ),
    Stream(
        name="reporting_report_types",
        object="reporting.report_type",
        path="/v1/reporting/report_types",
        created_filter=CreatedFilter.NONE,
        created_field="",
        # `limit` is a 400 here: https://docs.stripe.com/api/reporting/report_type/list
        paging=Paging.WHOLE,
        events=("reporting.report_type.updated",),
        coverage=Coverage.PARTIAL,
        gap="A new type sends no event.",
        permission="report_runs_and_report_types_read",
    ),
    # The path says sigma, the object does not: https://docs.stripe.com/api/sigma/scheduled_queries/list
    Stream(
        name="sigma_scheduled_query_runs",
        object="scheduled_query_run",
        path="/v1/sigma/scheduled_query_runs",
        created_filter=CreatedFilter.NONE,
        events=("sigma.scheduled_query_run.created",),
    ),
    # Once `file_upload`: https://docs.stripe.com/api/files
    Stream(
        name="files",
        object="file",
        path="/v1/files",
        aliases=("file_upload",),
        events=("file.created",),
        coverage=Coverage.PARTIAL,
        gap="Only files that Stripe makes send an event; uploads do not.",
        permission="file_read",
        core=True,
    ),
    Stream(
        name="file_links",
        object="file_link",
        path="/v1/file_links",
        coverage=Coverage.NONE,
        gap="Stripe sends no events about it. A link that expires or is edited changes silently.",
    ),
)
