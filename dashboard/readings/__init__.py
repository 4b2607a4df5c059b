"""What the pages say of a face and of a comparison: numbers read from their folders."""
