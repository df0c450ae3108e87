"""What runs on a device host: drivers for device kinds, replay of a bundle, comparison, outcomes."""
