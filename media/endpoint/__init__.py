"""Who calls a relay: the headless bridge, and the light peer of rehearsals and recorders."""
