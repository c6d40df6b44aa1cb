"""HTTP: one table of routes, one module per resource; bytes become values here and nowhere else."""
