"""The page on recognition with and without genetic anchors."""
