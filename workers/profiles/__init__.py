"""What the simulated device can be told to be: not as exact, not as large, not as quick, not as complete as this machine.

``precision``  how values and weights are stored, as a change of the graph
``int8``       weights and values on 255 levels, calibrated on the samples
``limits``     which ops it takes, how much memory it has, how quick it is
"""
