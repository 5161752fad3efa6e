"""A release from source to published family, put together from the parts below."""
