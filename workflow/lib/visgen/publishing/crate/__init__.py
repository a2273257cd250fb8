"""The archive in words of machines: a Provenance Run Crate (RO-Crate 1.1)."""
