"""Renders heads with known depth, masks and landmarks: what the built-in face network learns from.

The data's way: facekit (the ICT-FaceKit shape model and its regions) - people (identity, expression, looks) - hair,
wardrobe (geometry around the head) - scene (one mesh, one camera) - raster, shade (pictures of it) - backdrop, overlay
(what is behind and in front) - photograph (what a camera and time do to a picture) - pool (where samples are kept).
Lengths are centimetres. The head's frame: x to the subject's left, y up, z out of the face; origin within the head.
"""
