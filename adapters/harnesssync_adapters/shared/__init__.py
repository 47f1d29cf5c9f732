"""What several targets have in common: pure functions from items to outputs and losses."""
