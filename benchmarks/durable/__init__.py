"""The durable runtime on a real PostgreSQL: every figure checks what it did before it tells how fast that was."""
