"""Permission rules: what they mean in Claude Code (`rules`), and each harness's own language for them."""
