"""How well the farm predicts what a device type that ran other architectures makes of the next one."""
