"""The hot path: what a packet costs for each receiver."""
