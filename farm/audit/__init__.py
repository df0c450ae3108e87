"""The audit of the selection: everything is converted, and what changed is held against what was selected.

:mod:`.auditor` carries one out; :mod:`.workshop` converts for it, :mod:`.sample`, :mod:`.judgement`, :mod:`.narrowing` and
:mod:`.splicing` are pure, :mod:`.culprit` names the edge that the selection missed, and :mod:`.records` keeps what was found.
"""
