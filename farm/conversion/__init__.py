"""The coordinator's side of conversion: the code of the exact commit, in a child process without credentials."""
