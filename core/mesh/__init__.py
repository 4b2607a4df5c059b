"""A reconstruction -> points and triangles."""
