"""Telling others when a state changes: an outbox in the database, and its delivery to webhooks and chats.

What is to be told is entered in the transaction that changes the state (:mod:`.outbox`), so that neither is there without the
other. A thread beside the coordinator sends it (:mod:`.delivery`) until it is taken, at least once.
"""
