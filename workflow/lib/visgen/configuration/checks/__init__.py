"""What a schema cannot say of a configuration, a section a module."""
