"""Child processes of a device host: one for an attempt, one for a check, one for a question; and what their ends mean."""
