"""The store: schedules, jobs and states in one SQL database."""
