"""Values to the documents that :mod:`farm.documents` declares: commands and the API answer with the same."""
