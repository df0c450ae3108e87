"""What runs on a device host, as far as it is the farm's: taking attempts and checks, presence, refusing. Needs no SQL."""
