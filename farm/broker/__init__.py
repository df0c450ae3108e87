"""The broker, as coordinator and hosts reach it: its URL, TLS, what an account may touch, what is signed. Needs no SQL."""
