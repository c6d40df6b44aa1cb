"""The relay's HTTP face: WHIP, WHEP and the control API."""
