"""What unnamed specimens are: names with honest confidence, by a study that is finished."""
