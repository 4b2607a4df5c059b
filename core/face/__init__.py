"""Photo -> faces: find them, level each, say what is head. The network that sees them is handed in."""
