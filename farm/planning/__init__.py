"""What a submission would do, before it does: the state of the repository, what is selected and why, and what it would cost."""
