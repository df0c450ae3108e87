"""What needs torch: the state of a training, and what is measured of one."""
