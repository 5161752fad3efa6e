"""Reports on published tables: what somebody else printed, worked out again, never measured."""
