"""What the simulated device can be told to be: not as exact, not as large, not as quick, not as complete as this machine.

``precision``  how values and weights are stored, as a change of the graph
``limits``     which ops it takes, how much memory it has, how quick it is
"""
