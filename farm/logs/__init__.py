"""The logs of what runs for long: lines for people, or for a program."""
