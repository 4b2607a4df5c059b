"""From a photo of a face to depth, a point cloud, a mesh and a file that prints. Knows nothing of the app."""
