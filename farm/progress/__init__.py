"""How far a submission is: what waits, runs and is done of each stage, and how long the rest will take.

``stages`` has the values and what follows from them: pure. ``reading`` reads them, ``words`` says them in lines for a log;
``farm.cli.live`` draws them in a terminal.
"""
