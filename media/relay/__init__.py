"""The relay process apart from its HTTP face: the workers it keeps, its parents, its place among others."""
