"""What is kept: records in SQLite, folders of photos and faces, and how they go."""
