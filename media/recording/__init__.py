"""A programme written to files, without encoding its picture anew."""
