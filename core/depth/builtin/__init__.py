"""The built-in face network, and the small one that proposes faces to it."""
