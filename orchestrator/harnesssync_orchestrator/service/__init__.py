"""What runs while the supervisor lives, on anyio: one sync, a worker per project, the watcher, and who holds them."""
