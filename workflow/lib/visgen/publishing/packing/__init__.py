"""All files of an archive put together."""
