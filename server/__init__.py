"""The process: HTTP, storage, papers, minutes, and the wiring of everything. Rules are in `rooms`."""
