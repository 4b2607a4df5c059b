"""Requests: who asks, what may be asked, and what is answered."""
