"""Whether an architecture that a device type has not run yet will pass there, from what the farm saw pass and fail.

``traits`` says what a graph asks of a device, ``evidence`` what a verdict says of traits, ``belief`` what all of it together
says of each trait and of a graph: pure. ``records`` reads and writes the database.
"""
