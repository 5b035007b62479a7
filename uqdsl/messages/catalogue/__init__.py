"""Every problem, by topic: one module per hundred of codes."""
