"""What people read of one architecture or one attempt, as values: the command and the pages show the same."""
