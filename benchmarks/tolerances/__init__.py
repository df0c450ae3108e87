"""What float32 and lower precisions err by over the zoo, and the comparison policies that follow from it.

``measure``   errors of an architecture: its outputs against a float64 run, its layers alone on golden inputs
``derive``    the rule by which the numbers of a policy follow from the errors
``document``  the table of ``docs/comparison.md``
"""
