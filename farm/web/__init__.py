"""The farm's pages and its API: what was recorded, to read in a browser and by a program. Nothing here changes anything."""
