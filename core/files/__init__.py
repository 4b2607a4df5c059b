"""What is written: a face's folder, its files, meshes in the formats of other programs."""
