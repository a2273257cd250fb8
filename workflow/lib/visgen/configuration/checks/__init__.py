"""What a schema cannot say of a configuration: keys that need or exclude each other, and files."""
