"""Reconstruction -> numbers."""
