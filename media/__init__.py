"""The media plane: opaque studios, programmes and peers; packets, never meetings or people."""
