"""What is wrong with this machine's installation of the farm, or only worth knowing: checks for ``farm doctor``."""
