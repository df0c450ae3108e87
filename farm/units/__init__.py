"""The units of device types: who is there, how well, with which stack, under which lease."""
