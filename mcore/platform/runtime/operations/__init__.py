"""Planned forms of the ops other than convolution, one family a file, and the plain form of all the rest."""
