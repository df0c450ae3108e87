"""What carries work through in a process: a submission on this machine, and a coordinator. Composes all the rest."""
