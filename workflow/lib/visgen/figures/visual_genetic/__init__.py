"""Figures of recognition with and without genetic anchors."""
