"""The farm grades itself: faults are injected on purpose, and what it makes of them is held against what they are.

``networks``   small networks drawn from a seed, with golden outputs by the plain kernels
``injections`` which fault strikes which network, and what it must lead to
``grading``    the attempts, by the real wire and child processes, and the marks for them
"""
