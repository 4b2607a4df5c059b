"""Inverse depth -> depth in mm in front of a camera, and the surface that it stands for."""
