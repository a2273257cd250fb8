"""A page to look through specimens that were named, and to mark names as right or wrong."""
