"""All sections of the page, put together."""
